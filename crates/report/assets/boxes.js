// Which boxes the graph has.
//
// A workflow of few nodes has a box for each. Of a large one nodes of one task in a stretch of levels are
// one box, which can be opened, as can what has nodes or items inside. Where they stand: places.js.

const boxes = (() => {
  // Nodes and edges that are drawn of one workflow (as in graph.rs); stretches of levels, tasks in each,
  // and nodes shown of a box that is opened.
  const MOST = 1200, STRETCHES = 60, TASKS = 5, OPENED = 120;
  const open = new Set();

  /** What is inside a row that is no workflow of the record's list: items, or what a task gave to run. */
  const rowsIn = (row) => {
    const node = rowNode(row);
    if (row < OWN && N.kind[node] === MAP) return rowsOf(node).subarray(1);
    return givenIn.get(row) || [];
  };
  const onlyRow = (node) => (node < OWN ? node : rowsOf(node).length === 1 ? rowsOf(node)[0] : -1);
  const canOpen = (node) => insideOf(node).length > 0 || (onlyRow(node) >= 0 && rowsIn(onlyRow(node)).length > 0);
  const canOpenRow = (row) => rowsIn(row).length > 0;

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
      critical: criticalNodes.has(node), what: { node },
    };
  };
  const ofRow = (row) => {
    const key = "r" + row, own = lastPart(rowName(row)), opens = canOpenRow(row);
    const sub = own.startsWith("[") || !rowTask(row) ? time(R.length[row]) : `${short(rowTask(row).split("/").pop(), 16)} ${time(R.length[row])}`;
    return {
      id: key, key: opens ? key : "", row, order: row, state: R.state[row], level: 0, what: { row },
      label: `${SIGNS[R.state[row]]} ${short(own)}\n${sub}${opens ? "  ⊞" : ""}`, critical: critical.has(row),
    };
  };
  const ofMany = (nodes, key, where, name, keyed) => {
    const states = [0, 0, 0, 0, 0, 0, 0];
    let order = Infinity, marked = false;
    for (const node of nodes) {
      states[nodeState(node)]++;
      order = Math.min(order, N.order[node]);
      marked = marked || criticalNodes.has(node);
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
          const matters = (node) => (isFailure(nodeState(node)) ? 0 : criticalNodes.has(node) ? 1 : 2);
          const sorted = [...list].sort((a, b) => matters(a) - matters(b) || N.order[a] - N.order[b]);
          sorted.slice(0, OPENED).forEach((node) => add(ofNode(node)));
          const more = sorted.slice(OPENED);
          if (more.length > 0) add(ofMany(more, key + ":more", where, name + ", others", false));
        }
      });
    });
    return made;
  };

  const listed = (key, rows) => {
    // Failures and the path that took longest are there, and stand where they belong.
    const matters = (row) => (critical.has(row) ? 1.5 : RANK[R.state[row]]);
    const most = [...rows].sort((a, b) => matters(a) - matters(b) || a - b).slice(0, OPENED);
    const list = most.sort((a, b) => isFailure(R.state[b]) - isFailure(R.state[a]) || a - b).map(ofRow);
    if (rows.length > OPENED) {
      list.push({ id: "m" + key, key: "", order: Infinity, state: 0, level: 1, label: `and ${count(rows.length - OPENED)} more\nin the table`, what: key[0] === "n" ? { node: Number(key.slice(1)) } : { row: Number(key.slice(1)) } });
    }
    return { list: list.map((box, order) => ({ ...box, order })), free: false, line: 8 };
  };

  /** The boxes inside a box by its key, which is that of a node (`n7`) or row (`r7`); of "" the run's own. */
  const inside = (key) => {
    const scope = key === "" ? -1 : Number(key.slice(1));
    if (key[0] === "r") return listed(key, rowsIn(scope));
    const nodes = insideOf(scope);
    if (nodes.length === 0 && scope >= 0) return listed(key, rowsIn(onlyRow(scope)));
    let drawn = nodes.length;
    for (const node of nodes) drawn += edgesInto(node).length;
    const levels = [...new Set(Array.from(nodes, (node) => N.level[node]))].sort((a, b) => a - b);
    if (drawn > MOST) return { list: inBins(scope, nodes, levels), free: false };
    const rank = new Map(levels.map((level, at) => [level, at]));
    return { list: Array.from(nodes, (node) => ({ ...ofNode(node), level: rank.get(N.level[node]) })), free: true };
  };

  return {
    inside,
    canOpen,
    canOpenRow,
    isOpen: (key) => open.has(key),
    anyOpen: () => open.size > 0,
    closeAll: () => open.clear(),
    toggle: (key) => (open.has(key) ? open.delete(key) : open.add(key)),
  };
})();
