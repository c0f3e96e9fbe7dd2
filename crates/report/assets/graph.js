// The graph, drawn by Cytoscape with positions that are given.

const graph = (() => {
  const MOST_EDGES = 1000;
  const box = byId("graph");
  const note = byId("graph-note");
  let cy = null;
  // The box that shows a node, and nodes that the search found.
  const shownIn = new Int32Array(NODES);
  let found = null;

  const style = () => [
    { selector: "node", style: {
      shape: "round-rectangle", width: "data(w)", height: "data(h)", label: "data(label)",
      "border-width": 1.5, color: colour("text"),
      "font-size": 12, "font-family": "system-ui, sans-serif", "text-wrap": "wrap", "text-max-width": 148,
      "text-valign": "center", "text-halign": "center", "min-zoomed-font-size": 5 } },
    // A class each: functions of the style would be called again and again.
    ...STATES.map((_, state) => ({
      selector: "node.s" + state, style: { "background-color": colour("t" + state), "border-color": colour("s" + state) } })),
    { selector: "node.many", style: { "border-style": "double", "border-width": 4 } },
    { selector: "node.opened", style: {
      "background-opacity": 0.35, "text-valign": "top", "text-margin-y": -3, "text-max-width": 600, padding: boxes.PAD + "px" } },
    { selector: "node.critical", style: { "border-color": colour("critical"), "border-width": 4 } },
    { selector: "node.found", style: { "underlay-color": colour("s3"), "underlay-opacity": 0.45, "underlay-padding": 7 } },
    { selector: "node.faded", style: { opacity: 0.35 } },
    { selector: "node:selected", style: { "border-color": colour("accent"), "border-width": 5 } },
    { selector: "edge", style: {
      width: "data(wide)", "line-color": colour("s4"), "curve-style": "bezier",
      "target-arrow-shape": "triangle", "target-arrow-color": colour("s4"), "arrow-scale": 0.9, opacity: 0.8 } },
    { selector: "edge.plain", style: { "line-style": "dashed" } },
    { selector: "edge.critical", style: {
      "line-color": colour("critical"), "target-arrow-color": colour("critical"), width: 3.5, opacity: 1, "z-index": 9 } },
  ];

  const steps = new Set();
  for (let at = 1; at < D.critical.length; at++) steps.add(D.critical[at - 1] + ">" + D.critical[at]);

  /** Cytoscape's elements of what `boxes` placed. */
  const elements = (placed) => {
    const nodes = [], ids = [], level = [], isMany = [];
    shownIn.fill(-1);
    const walk = (list, left, top, parent) => {
      list.forEach((one) => {
        const number = ids.length;
        ids.push(one.id);
        level.push(parent === undefined ? one.level : -1);
        isMany.push(Boolean(one.nodes));
        if (one.node !== undefined) shownIn[one.node] = number;
        else if (one.nodes) for (const node of one.nodes) shownIn[node] = number;
        const x = left + one.x, y = top + one.y;
        const classes = ["s" + one.state, one.nodes && "many", one.critical && "critical", one.inner && "opened"].filter(Boolean).join(" ");
        nodes.push({
          group: "nodes", classes, data: { id: one.id, parent, label: one.label, w: one.w, h: one.h, box: one },
          position: { x: x + one.w / 2, y: y + one.h / 2 },
        });
        if (one.inner) walk(one.inner.list, x + boxes.PAD, y + boxes.HEAD, one.id);
      });
    };
    walk(placed.list, 0, 0, undefined);
    const drawn = new Map();
    for (let edge = 0; edge < E.to.length; edge++) {
      const from = shownIn[E.from[edge]], to = shownIn[E.to[edge]];
      if (from < 0 || to < 0 || from === to) continue;
      // Boxes of many nodes in one stretch of levels lead to each other all ways, which says nothing.
      if (isMany[from] && isMany[to] && level[from] === level[to]) continue;
      const key = from * ids.length + to;
      let one = drawn.get(key);
      if (!one) drawn.set(key, (one = { from, to, count: 0, values: 0, critical: false }));
      one.count++;
      if (E.port[edge] >= 0) one.values++;
      one.critical = one.critical || steps.has(E.from[edge] + ">" + E.to[edge]);
    }
    let edges = [...drawn.values()];
    const all = edges.length;
    if (all > MOST_EDGES) {
      edges.sort((a, b) => b.critical - a.critical || b.count - a.count || a.from - b.from || a.to - b.to);
      edges = edges.slice(0, MOST_EDGES);
    }
    const lines = edges.map((one) => ({
      group: "edges", classes: [one.critical && "critical", one.values === 0 && "plain"].filter(Boolean).join(" "),
      data: { id: `e${one.from}-${one.to}`, source: ids[one.from], target: ids[one.to], wide: Math.min(3, 1 + Math.log10(one.count)) },
    }));
    return { nodes, lines, hidden: all - edges.length };
  };

  const draw = (fit) => {
    const { nodes, lines, hidden } = elements(boxes.place());
    if (!cy) {
      cy = cytoscape({
        container: box, elements: [], style: style(), layout: { name: "preset" },
        minZoom: 0.01, maxZoom: 3, autoungrabify: true, boxSelectionEnabled: false, hideEdgesOnViewport: lines.length > 700,
        userZoomingEnabled: matchMedia("(pointer: coarse)").matches,
      });
      cy.on("tap", "node", (event) => select(event.target.data("box").what, "graph"));
      cy.on("dbltap", "node", (event) => {
        const key = event.target.data("box").key;
        if (key) toggle(key);
      });
    }
    cy.batch(() => {
      cy.elements().remove();
      cy.add(nodes);
      cy.add(lines);
    });
    byId("graph-close").hidden = !boxes.anyOpen();
    const parts = [many(nodes.length, "box", "boxes") + " of " + many(OWN, "node")];
    if (hidden > 0) parts.push(many(hidden, "edge") + " not drawn");
    parts.push("⊞ opens with a double click");
    note.textContent = parts.join(" · ");
    mark();
    if (fit) whole();
  };

  // Whether everything is shown, as it was to begin with: then it follows the size of the window.
  let isWhole = true;
  const whole = () => {
    isWhole = true;
    cy.resize();
    cy.fit(undefined, 24);
    if (cy.zoom() > 1.15) cy.zoom({ level: 1.15, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
    // What is too large to be read whole is shown from its top.
    if (cy.zoom() < 0.12) {
      const around = cy.elements().boundingBox();
      cy.zoom(Math.min(1, Math.max(0.12, (cy.width() - 40) / Math.max(around.w, 1))));
      const across = cy.width() / 2 - (around.x1 + around.w / 2) * cy.zoom();
      cy.pan({ x: across, y: 20 - around.y1 * cy.zoom() });
    }
  };

  const mark = () => {
    if (!cy) return;
    cy.batch(() => {
      cy.nodes().removeClass("found faded");
      if (!found) return;
      const hit = new Set();
      for (const node of found) if (shownIn[node] >= 0) hit.add(shownIn[node]);
      cy.nodes().forEach((one, at) => {
        if (!one.hasClass("opened")) one.addClass(hit.has(at) ? "found" : "faded");
      });
    });
  };

  /** Opens or closes a box. */
  const toggle = (key) => {
    const before = cy.getElementById(key);
    const anchor = before.nonempty() ? before.renderedPosition() : null;
    boxes.toggle(key);
    draw(false);
    const after = cy.getElementById(key);
    // It stays where it was.
    if (anchor && after.nonempty()) {
      const now = after.renderedPosition();
      cy.panBy({ x: anchor.x - now.x, y: anchor.y - now.y });
    } else whole();
    showSelection(selection, "");
    showDetails(selection);
  };

  const showSelection = (what, from) => {
    cy.nodes(":selected").unselect();
    const node = what.node !== undefined ? what.node : what.row !== undefined ? rowNode(what.row) : -1;
    let one = what.row !== undefined ? cy.getElementById("r" + what.row) : cy.collection();
    if (one.empty() && what.key) one = cy.getElementById(what.key);
    // What is inside a box that is closed is shown by that.
    for (let at = node; one.empty() && at >= 0; at = N.inside[at]) {
      if (shownIn[at] >= 0) one = cy.nodes().eq(shownIn[at]);
    }
    if (one.empty()) return;
    one.select();
    const at = one.renderedPosition();
    const out = at.x < 0 || at.y < 0 || at.x > cy.width() || at.y > cy.height();
    if (from !== "graph" && out) cy.center(one);
  };

  const zoom = (by) => {
    isWhole = false;
    cy.zoom({ level: cy.zoom() * by, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
  };

  const keys = (event) => {
    const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
    if (step) cy.panBy({ x: step[0], y: step[1] });
    else if (event.key === "+" || event.key === "=") zoom(1.3);
    else if (event.key === "-") zoom(1 / 1.3);
    else if (event.key === "0") whole();
    else if (event.key === "Enter" && selection.node === undefined && selection.row !== undefined && boxes.canOpen(rowNode(selection.row))) toggle("n" + rowNode(selection.row));
    else if (event.key === "Enter" && selection.key) toggle(selection.key);
    else return;
    isWhole = isWhole && event.key === "0";
    event.preventDefault();
  };

  const begin = () => {
    draw(true);
    box.addEventListener("keydown", keys);
    // The page scrolls until the graph was meant.
    box.addEventListener("pointerdown", () => {
      box.focus({ preventScroll: true });
      cy.userZoomingEnabled(true);
    });
    box.addEventListener("blur", () => cy.userZoomingEnabled(matchMedia("(pointer: coarse)").matches));
    byId("graph-in").addEventListener("click", () => zoom(1.4));
    byId("graph-out").addEventListener("click", () => zoom(1 / 1.4));
    byId("graph-fit").addEventListener("click", whole);
    byId("graph-close").addEventListener("click", () => {
      boxes.closeAll();
      draw(true);
    });
    box.addEventListener("pointerdown", () => (isWhole = false));
    new ResizeObserver(() => isWhole && whole()).observe(box);
    themeListeners.push(() => cy.style(style()));
    selectionListeners.push(showSelection);
    const used = new Set(R.state);
    const legend = byId("legend");
    [...used].sort((a, b) => RANK[a] - RANK[b]).forEach((state) => {
      const dot = el("span", "dot");
      dot.style.background = `var(--s${state})`;
      legend.append(el("span", "", undefined, dot, `${SIGNS[state]} ${STATES[state]}`));
    });
    const dot = el("span", "dot");
    dot.style.background = "var(--critical)";
    if (D.critical.length > 0) legend.append(el("span", "", undefined, dot, `the path that took longest (${many(D.critical.length, "node")})`));
  };

  return {
    begin,
    toggle,
    find: (nodes) => {
      found = nodes;
      mark();
    },
    // For tests: what is drawn, and where a box is on the page.
    boxes: () => cy.nodes().map((one) => ({ id: one.id(), label: one.data("label"), at: one.renderedPosition() })),
  };
})();
