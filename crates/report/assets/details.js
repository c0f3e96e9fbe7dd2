// What is known of what was selected.

const showDetails = (() => {
  const body = byId("details-body");

  const facts = (pairs) => {
    const list = el("dl");
    pairs.filter(([, value]) => value !== "" && value !== undefined && value !== null).forEach(([name, value]) => {
      const shown = el("dd");
      if (value instanceof Node) shown.append(value);
      else shown.append(el("bdi", "", value));
      list.append(el("dt", "", name), shown);
    });
    return list;
  };
  const state = (number) => {
    const made = paint(el("span", "", SIGNS[number] + " " + STATES[number]), number);
    made.style.fontWeight = "600";
    return made;
  };
  const link = (text, what) => button(text, () => select(what, "details"), "link");
  const section = (title, ...parts) => body.append(el("h4", "", title), ...parts);

  const nodeLinks = (title, edges, end) => {
    const seen = new Set();
    const links = el("div", "links");
    for (const edge of edges) {
      const node = E[end][edge];
      if (seen.has(node)) continue;
      seen.add(node);
      if (seen.size > 60) continue;
      links.append(link(N.name[node], { node }));
    }
    if (seen.size > 60) links.append(el("span", "note", "and " + count(seen.size - 60) + " more"));
    if (seen.size > 0) section(title, links);
  };

  const edgeText = (edge) => {
    const port = E.port[edge];
    return port >= 0 ? D.ports[port] : { "-1": "after", "-2": "when", "-3": "over" }[port];
  };

  const values = (row, node) => {
    const given = said().given.get(row) || [];
    const sources = new Map();
    if (node >= 0) {
      for (const edge of edgesInto(node)) {
        const name = edgeText(edge);
        if (!sources.has(name)) sources.set(name, []);
        sources.get(name).push(E.from[edge]);
      }
    }
    const names = [...new Set([...given.map(([port]) => port), ...sources.keys()])];
    if (names.length > 0) {
      const list = el("dl");
      names.forEach((name) => {
        const shown = el("dd");
        (sources.get(name) || []).slice(0, 20).forEach((from) => shown.append(el("span", "note", "← "), link(N.name[from], { node: from }), " "));
        const value = given.find(([port]) => port === name);
        if (value) shown.append(el("pre", "value", value[1]));
        list.append(el("dt", "", name), shown);
      });
      section("Inputs", list);
    }
    if (said().gave.has(row)) section("Output", el("pre", "value", said().gave.get(row)));
    else if (R.state[row] === 1 && D.values_cut) section("Output", el("p", "note", "There were more values than are shown."));
  };

  const attempts = (row) => {
    const before = attemptsBefore.get(row) || [];
    if (before.length === 0) return;
    const list = el("ol");
    const add = (start, length, worker, blocking, status, error, given) => {
      const line = el("li", "", undefined, state(status), ` ${time(length)} from ${time(start)} on ${thread(worker, blocking)}${given ? ", given up" : ""}`);
      if (error >= 0) line.append(el("pre", "error", D.errors[error]));
      list.append(line);
    };
    before.forEach(([, ...rest]) => add(...rest));
    add(R.start[row], R.length[row], R.worker[row], R.blocking[row], R.state[row], R.error[row], abandoned.has(row));
    section("Attempts", list);
  };

  const logs = (row) => {
    const lines = said().logs.get(row) || [];
    if (lines.length === 0) return;
    const shown = lines.slice(0, 200).map(([, at, level, text]) => `${time(at)} ${level}: ${text}`);
    if (lines.length > 200) shown.push(`and ${count(lines.length - 200)} more`);
    section("Log", el("pre", "value", shown.join("\n")));
  };

  const tallies = (node) => {
    const made = items.get(node);
    if (made) body.append(facts([["items", many(made.all, "item") + (made.failed ? `, ${count(made.failed)} failed` : "")]]));
    const actions = el("div", "actions");
    if (boxes.canOpen(node)) {
      const open = boxes.isOpen("n" + node);
      actions.append(button(open ? "Close in the graph" : "Open in the graph", () => graph.toggle("n" + node)));
    }
    if (KINDS[N.kind[node]] !== "task") actions.append(button("Show what ran inside", () => table.only({ prefix: N.name[node] })));
    if (actions.childElementCount > 0) body.append(actions);
  };

  const ofRow = (row) => {
    const node = rowNode(row);
    body.append(el("h3", "name", rowName(row)));
    body.append(facts([
      ["", ""],
      ["state", state(R.state[row])],
      ["label", node >= 0 ? labels.get(node) : ""],
      ["task", rowTask(row)],
      ["kind", node >= 0 && row < OWN && N.kind[node] !== TASK ? KINDS[N.kind[node]] : ""],
      ["level", rowLevel(row) >= 0 ? String(rowLevel(row)) : ""],
      ["started", R.start[row] >= 0 ? time(R.start[row]) : ""],
      ["took", R.start[row] >= 0 ? time(R.length[row]) : ""],
      ["on", R.start[row] >= 0 ? thread(R.worker[row], R.blocking[row]) : ""],
      ["attempts", R.tries[row] > 1 ? String(R.tries[row]) : ""],
      ["", abandoned.has(row) ? "the last attempt was given up" : ""],
      ["path", critical.has(row) ? "on the path that took longest" : ""],
    ]));
    if (rowError(row)) section("Error", el("pre", "error", rowError(row)));
    if (R.cause[row] >= 0) section("Because of", link(rowName(R.cause[row]), { row: R.cause[row] }));
    if (node >= 0 && row < OWN) tallies(node);
    else {
      if (boxes.canOpenRow(row) && !(node >= 0 && boxes.canOpen(node))) {
        body.append(el("div", "actions", undefined, button("Show what ran inside", () => table.only({ prefix: rowName(row) }))));
      }
      if (node >= 0 && rowName(row) !== N.name[node]) section("Part of", link(N.name[node], { node }));
      if (givenBy.has(row)) section("Inside", link(rowName(givenBy.get(row)), { row: givenBy.get(row) }));
    }
    attempts(row);
    values(row, node);
    logs(row);
    if (node >= 0) nodeLinks("Needed by", edgesFrom(node), "to");
  };

  const ofNode = (node) => {
    body.append(el("h3", "name", N.name[node]));
    const states = statesOf(node);
    body.append(facts([
      ["task", D.tasks[N.task[node]]],
      ["kind", KINDS[N.kind[node]]],
      ["level", String(N.level[node])],
      ["ran", many(rowsOf(node).length, "time")],
      ...states.map((n, number) => (n > 0 ? [STATES[number], count(n)] : ["", ""])),
    ]));
    tallies(node);
    if (rowsOf(node).length > 0) body.append(el("div", "actions", undefined, button("Show each in the table", () => table.only({ nodes: new Set([node]), label: N.name[node] }))));
    nodeLinks("Takes", edgesInto(node), "from");
    nodeLinks("Needed by", edgesFrom(node), "to");
  };

  const ofBin = (nodes, label, key) => {
    body.append(el("h3", "name", label));
    const states = [0, 0, 0, 0, 0, 0, 0];
    nodes.forEach((node) => states[nodeState(node)]++);
    body.append(facts([["nodes", count(nodes.length)], ...states.map((n, number) => (n > 0 ? [STATES[number], count(n)] : ["", ""]))]));
    body.append(el("div", "actions", undefined,
      button(boxes.isOpen(key) ? "Close in the graph" : "Open in the graph", () => graph.toggle(key)),
      button("Show them in the table", () => table.only({ nodes: new Set(nodes), label }))));
    const links = el("div", "links");
    const first = [...nodes].sort((a, b) => RANK[nodeState(a)] - RANK[nodeState(b)] || a - b).slice(0, 40);
    first.forEach((node) => links.append(link(N.name[node], { node })));
    if (nodes.length > 40) links.append(el("span", "note", `and ${count(nodes.length - 40)} more`));
    section("Nodes", links);
  };

  return (what) => {
    body.replaceChildren();
    if (what.row !== undefined) ofRow(what.row);
    else if (what.node !== undefined) ofNode(what.node);
    else if (what.nodes) ofBin(what.nodes, what.label, what.key);
    else body.append(el("p", "note", "Select a node in the graph, among the threads or in the table."));
  };
})();
