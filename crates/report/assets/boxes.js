// Which boxes the graph has, and where they stand.
//
// A workflow of few nodes has a box for each, where the layout placed it. Of a large one nodes of one
// task in a stretch of levels are one box, which can be opened, as can what has nodes or items inside.

const boxes = (() => {
  const W = 156, H = 44, GAP_X = 22, GAP_Y = 46, PAD = 16, HEAD = PAD + 24;
  // Nodes and edges that are drawn of one workflow; stretches of levels, tasks in each, and nodes
  // shown of a box that is opened.
  const MOST = 1200, STRETCHES = 60, TASKS = 5, OPENED = 120;
  // Boxes in a line before a level takes several.
  const LINE = 24;
  const open = new Set();

  const itemRows = (node) => (node < OWN && N.kind[node] === MAP ? rowsOf(node).subarray(1) : []);
  const canOpen = (node) => insideOf(node).length > 0 || itemRows(node).length > 0;

  const short = (text, most = 24) => {
    const all = clean(text, 200);
    return all.length > most ? all.slice(0, most - 1) + "…" : all;
  };
  const task = (node) => D.tasks[N.task[node]].split("/").pop();

  const ofNode = (node) => {
    const state = nodeState(node);
    const inside = items.get(node);
    let sub = labels.has(node) ? N.name[node] : task(node);
    if (inside) sub = "×" + count(inside.all) + (inside.failed ? `, ${count(inside.failed)} failed` : "");
    else if (node < OWN && R.start[node] >= 0) sub = time(R.length[node]);
    else if (node >= OWN && rowsOf(node).length > 1) sub = "×" + count(rowsOf(node).length);
    const key = "n" + node;
    return {
      id: key, key: canOpen(node) ? key : "", node, order: N.order[node], state,
      label: `${SIGNS[state]} ${short(nodeTitle(node))}\n${short(sub, 28)}${canOpen(node) ? "  ⊞" : ""}`,
      critical: node < OWN && critical.has(node), what: { node },
    };
  };
  const ofRow = (row) => {
    const name = rowName(row);
    return {
      id: "r" + row, key: "", order: row, state: R.state[row], level: 0, what: { row },
      label: `${SIGNS[R.state[row]]} ${short(name.slice(Math.max(0, name.lastIndexOf("["))))}\n${time(R.length[row])}`,
    };
  };
  const ofMany = (nodes, key, where, name, keyed) => {
    const states = [0, 0, 0, 0, 0, 0, 0];
    let order = Infinity, marked = false;
    for (const node of nodes) {
      states[nodeState(node)]++;
      order = Math.min(order, N.order[node]);
      marked = marked || (node < OWN && critical.has(node));
    }
    const state = worst(states);
    const failed = states[2] + states[3];
    return {
      id: key, key: keyed ? key : "", nodes, order, state, critical: marked,
      label: `${SIGNS[state]} ${where}${failed ? `, ${count(failed)} failed` : ""}\n${short(name, 16)} ×${count(nodes.length)}${keyed ? "  ⊞" : ""}`,
      what: { nodes, label: `${where} · ${name} ×${count(nodes.length)}`, key },
    };
  };

  const inBins = (scope, nodes, levels) => {
    const per = Math.ceil(levels.length / STRETCHES);
    const rank = new Map(levels.map((level, at) => [level, Math.floor(at / per)]));
    const stretches = [];
    for (const node of nodes) {
      const at = rank.get(N.level[node]);
      stretches[at] = stretches[at] || new Map();
      const tasks = stretches[at];
      if (!tasks.has(N.task[node])) tasks.set(N.task[node], []);
      tasks.get(N.task[node]).push(node);
    }
    const made = [];
    stretches.forEach((tasks, at) => {
      const from = levels[at * per], to = levels[Math.min(levels.length, (at + 1) * per) - 1];
      const where = from === to ? `level ${from}` : `levels ${from}–${to}`;
      const all = [...tasks].sort((a, b) => b[1].length - a[1].length || a[0] - b[0]);
      const groups = all.slice(0, TASKS).map(([number, list]) => [number, D.tasks[number].split("/").pop(), list]);
      const rest = all.slice(TASKS).flatMap(([, list]) => list);
      if (rest.length > 0) groups.push(["rest", "other tasks", rest]);
      groups.forEach(([number, name, list]) => {
        const add = (box) => made.push({ ...box, level: at });
        const key = `b${scope}:${at}:${number}`;
        if (list.length === 1) add(ofNode(list[0]));
        else if (!open.has(key)) add(ofMany(list, key, where, name, true));
        else {
          const matters = (node) => (isFailure(nodeState(node)) ? 0 : critical.has(node) ? 1 : 2);
          const sorted = [...list].sort((a, b) => matters(a) - matters(b) || N.order[a] - N.order[b]);
          sorted.slice(0, OPENED).forEach((node) => add(ofNode(node)));
          const more = sorted.slice(OPENED);
          if (more.length > 0) add(ofMany(more, key + ":more", where, name + ", others", false));
        }
      });
    });
    return made;
  };

  /** The boxes of the workflow inside a node; of -1 the run's own. */
  const ofScope = (scope) => {
    const nodes = insideOf(scope);
    if (nodes.length === 0 && scope >= 0) {
      const rows = [...itemRows(scope)].sort((a, b) => RANK[R.state[a]] - RANK[R.state[b]] || a - b);
      const list = rows.slice(0, OPENED).map(ofRow);
      if (rows.length > OPENED) {
        list.push({ id: `m${scope}`, key: "", order: Infinity, state: 0, level: 1, label: `and ${count(rows.length - OPENED)} more\nin the table`, what: { node: scope } });
      }
      return { list, free: false };
    }
    let drawn = nodes.length;
    for (const node of nodes) drawn += edgesInto(node).length;
    const levels = [...new Set(Array.from(nodes, (node) => N.level[node]))].sort((a, b) => a - b);
    if (drawn > MOST) return { list: inBins(scope, nodes, levels), free: false };
    const rank = new Map(levels.map((level, at) => [level, at]));
    return { list: Array.from(nodes, (node) => ({ ...ofNode(node), level: rank.get(N.level[node]) })), free: true };
  };

  /** Places the boxes of a workflow, those of opened ones inside them. Positions are of corners. */
  const place = (scope) => {
    const { list, free } = ofScope(scope);
    const rows = [];
    let opened = false;
    list.forEach((box) => {
      box.w = W;
      box.h = H;
      if (box.node !== undefined && box.key && open.has(box.key)) {
        box.inner = place(box.node);
        box.w = box.inner.w + 2 * PAD;
        box.h = box.inner.h + HEAD + PAD;
        box.label = box.label.replace("\n", "  ").replace("⊞", "⊟");
        opened = true;
      }
      (rows[box.level] = rows[box.level] || []).push(box);
    });
    const lines = rows.filter(Boolean);
    lines.forEach((row) => row.sort((a, b) => a.order - b.order));
    if (free && !opened && N.x.length > 0 && lines.every((row) => row.length <= LINE)) {
      let right = 0;
      lines.forEach((row, at) => row.forEach((box) => {
        box.x = N.x[box.node] * (W + GAP_X);
        box.y = at * (H + GAP_Y);
        right = Math.max(right, box.x + W);
      }));
      return { list, w: right, h: lines.length * (H + GAP_Y) - GAP_Y };
    }
    // Level by level, wide ones in several lines, each in the middle.
    let y = 0, width = 0;
    const packed = [];
    lines.forEach((row) => {
      const per = row.length <= LINE ? row.length : Math.max(LINE / 2, Math.ceil(Math.sqrt(row.length * 2.5)));
      for (let at = 0; at < row.length; at += per) {
        const line = row.slice(at, at + per);
        let x = 0, tall = 0;
        line.forEach((box) => {
          box.x = x;
          box.y = y;
          x += box.w + GAP_X;
          tall = Math.max(tall, box.h);
        });
        packed.push([line, x - GAP_X]);
        width = Math.max(width, x - GAP_X);
        y += tall + (at + per < row.length ? 14 : GAP_Y);
      }
    });
    packed.forEach(([line, w]) => line.forEach((box) => (box.x += (width - w) / 2)));
    return { list, w: width, h: Math.max(0, y - GAP_Y) };
  };

  return {
    place: () => place(-1),
    canOpen,
    isOpen: (key) => open.has(key),
    anyOpen: () => open.size > 0,
    closeAll: () => open.clear(),
    toggle: (key) => (open.has(key) ? open.delete(key) : open.add(key)),
    PAD, HEAD,
  };
})();
