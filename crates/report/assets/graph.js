// The graph, drawn by Cytoscape with positions that are given.

const graph = (() => {
  const MOST_EDGES = 1000;
  const box = byId("graph");
  const note = byId("graph-note");
  let cy = null;
  // What is drawn, which of it shows a node, and nodes that the search found.
  let drawnBoxes = [];
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
      "background-opacity": 0.35, "text-valign": "top", "text-margin-y": 22, "text-max-width": 600, padding: places.PAD + "px" } },
    // Keeps room for the name of what is opened.
    { selector: "node.head", style: { opacity: 0, events: "no" } },
    { selector: "node.critical", style: { "border-color": colour("critical"), "border-width": 4 } },
    { selector: "node.found", style: { "underlay-color": colour("s3"), "underlay-opacity": 0.45, "underlay-padding": 7 } },
    { selector: "node.faded", style: { opacity: 0.35 } },
    { selector: "node:selected", style: { "border-color": colour("accent"), "border-width": 5 } },
    { selector: "edge", style: {
      width: "data(wide)", "line-color": colour("s4"), "curve-style": "bezier",
      "target-arrow-shape": "triangle", "target-arrow-color": colour("s4"), "arrow-scale": 0.9, opacity: 0.8 } },
    // Downwards: out of the lower side of one box into the upper side of another, and around those between.
    { selector: "edge.down", style: {
      "curve-style": "straight", "source-endpoint": "0% 50%", "target-endpoint": "0% -50%" } },
    { selector: "edge.around", style: {
      "curve-style": "round-segments", "edge-distances": "node-position", "segment-weights": "data(weights)",
      "segment-distances": "data(distances)", "segment-radii": 14 } },
    { selector: "edge.plain", style: { "line-style": "dashed" } },
    { selector: "edge.critical", style: {
      "line-color": colour("critical"), "target-arrow-color": colour("critical"), width: 3.5, opacity: 1, "z-index": 9 } },
  ];

  // The edges of the path that took longest: from one node to the next of the same workflow.
  const steps = new Set();
  const lastIn = new Map();
  D.critical.forEach((row) => {
    const node = rowNode(row);
    if (node < 0 || (row >= OWN && rowName(row).endsWith("]"))) return;
    if (lastIn.has(N.inside[node])) steps.add(lastIn.get(N.inside[node]) + ">" + node);
    lastIn.set(N.inside[node], node);
  });

  /** What Cytoscape is told of a way through points: how far along and how far beside the straight one. */
  const segments = (from, to, points) => {
    const dx = to.x - from.x, dy = to.y - from.y, long = Math.hypot(dx, dy) || 1;
    const weights = [], distances = [];
    points.forEach(([x, y]) => {
      const px = x - from.x, py = y - from.y;
      weights.push((px * dx + py * dy) / (long * long));
      distances.push((py * dx - px * dy) / long);
    });
    return { weights, distances };
  };

  /** Cytoscape's elements of what `boxes` placed. */
  const elements = (placed) => {
    const nodes = [];
    drawnBoxes = [];
    shownIn.fill(-1);
    const walk = (list, left, top, parent) => {
      list.forEach((one) => {
        const number = drawnBoxes.length;
        drawnBoxes.push(one);
        if (one.node !== undefined) shownIn[one.node] = number;
        else if (one.nodes) for (const node of one.nodes) shownIn[node] = number;
        const x = left + one.x, y = top + one.y;
        one.offset = [left, top];
        const classes = ["s" + one.state, one.nodes && "many", one.critical && "critical", one.inner && "opened"].filter(Boolean).join(" ");
        nodes.push({
          group: "nodes", classes, data: { id: one.id, parent, label: one.label, w: one.w, h: one.h, box: one },
          position: { x: x + one.w / 2, y: y + one.h / 2 },
        });
        if (one.inner) {
          nodes.push({
            group: "nodes", classes: "head", data: { id: one.id + ":head", parent: one.id, label: "", w: 1, h: 1 },
            position: { x: x + one.w / 2, y: y + places.PAD }, selectable: false,
          });
          walk(one.inner.list, x + (one.w - one.inner.w) / 2, y + places.HEAD, one.id);
        }
      });
    };
    walk(placed.list, 0, 0, undefined);
    const drawn = new Map();
    for (let edge = 0; edge < E.to.length; edge++) {
      const from = shownIn[E.from[edge]], to = shownIn[E.to[edge]];
      if (from < 0 || to < 0 || from === to) continue;
      // Boxes of many nodes in one stretch of levels lead to each other all ways, which says nothing.
      const [above, below] = [drawnBoxes[from], drawnBoxes[to]];
      if (above.nodes && below.nodes && above.lines === below.lines && above.level === below.level) continue;
      const key = from * drawnBoxes.length + to;
      let one = drawn.get(key);
      if (!one) drawn.set(key, (one = { from, to, count: 0, values: 0, critical: false }));
      one.count++;
      // A map takes the list that it runs over.
      if (E.port[edge] >= 0 || E.port[edge] === -3) one.values++;
      one.critical = one.critical || steps.has(E.from[edge] + ">" + E.to[edge]);
    }
    let edges = [...drawn.values()];
    const all = edges.length;
    if (all > MOST_EDGES) {
      edges.sort((a, b) => b.critical - a.critical || b.count - a.count || a.from - b.from || a.to - b.to);
      edges = edges.slice(0, MOST_EDGES);
    }
    return { nodes, edges: edges.map((one) => ({ ...one, from: drawnBoxes[one.from], to: drawnBoxes[one.to] })), hidden: all - edges.length };
  };

  /** Cytoscape's element of an edge, whose boxes it has. */
  const line = ({ from, to, count, values, critical }) => {
    const points = places.route(from, to);
    const classes = [points && "down", points && points.length > 0 && "around", critical && "critical", values === 0 && "plain"];
    const data = { id: `${from.id}>${to.id}`, source: from.id, target: to.id, wide: Math.min(3, 1.4 + Math.log10(count)) };
    if (points && points.length > 0) {
      const at = (box) => cy.getElementById(box.id).position();
      const [left, top] = from.offset;
      Object.assign(data, segments(at(from), at(to), points.map(([x, y]) => [x + left, y + top])));
    }
    return { group: "edges", classes: classes.filter(Boolean).join(" "), data };
  };

  /** Puts elements into the graph: boxes, then what leads from one to another. */
  const add = (nodes, edges) => {
    cy.batch(() => cy.add(nodes));
    cy.add(edges.map(line));
  };

  // What of a large graph follows when its first boxes are on the screen.
  let rest = null;
  const follow = () => {
    if (!rest) return;
    const { nodes, edges } = rest;
    rest = null;
    add(nodes, edges);
    mark();
    showSelection(selection, "");
  };

  const draw = (fit, inParts) => {
    const placed = places.place();
    const { nodes, edges, hidden } = elements(placed);
    extent = sizeOf(placed);
    rest = null;
    if (!cy) {
      cy = cytoscape({
        container: box, elements: [], style: style(), layout: { name: "preset" },
        minZoom: 0.01, maxZoom: 3, autoungrabify: true, boxSelectionEnabled: false, hideEdgesOnViewport: edges.length > 700,
        userZoomingEnabled: matchMedia("(pointer: coarse)").matches,
      });
      cy.on("tap", "node", (event) => select(event.target.data("box").what, "graph"));
      cy.on("dbltap", "node", (event) => {
        const key = event.target.data("box").key;
        if (key) toggle(key);
      });
    }
    cy.elements().remove();
    if (fit) whole();
    if (inParts) {
      const bottom = cy.extent().y2;
      const first = new Set(nodes.filter(({ position, data }) => position.y - data.h / 2 < bottom));
      const ids = new Set([...first].map(({ data }) => data.id));
      const isFirst = ({ from, to }) => ids.has(from.id) && ids.has(to.id);
      rest = { nodes: nodes.filter((one) => !first.has(one)), edges: edges.filter((one) => !isFirst(one)) };
      add([...first], edges.filter(isFirst));
    } else add(nodes, edges);
    byId("graph-close").hidden = !boxes.anyOpen();
    const parts = [many(drawnBoxes.length, "box", "boxes") + " of " + many(OWN, "node")];
    if (hidden > 0) parts.push(many(hidden, "edge") + " not drawn");
    parts.push("⊞ opens with a double click");
    note.textContent = parts.join(" · ");
    mark();
  };

  /** How far what is placed reaches, ways of edges beside it included. */
  const sizeOf = ({ list, w, h }) => {
    let left = 0, right = Math.max(w, 1);
    for (const one of list) {
      for (const gap of one.gaps || []) [left, right] = [Math.min(left, gap), Math.max(right, gap)];
    }
    return { left, w: right - left, h: Math.max(h, 1) };
  };

  // Whether everything is shown, as it was to begin with: then it follows the size of the window.
  let isWhole = true;
  // As it was placed: to ask Cytoscape takes longer than to place it.
  let extent = { left: 0, w: 1, h: 1 };
  const whole = () => {
    isWhole = true;
    cy.resize();
    const { left, w, h } = extent;
    const fits = Math.min((cy.width() - 48) / w, (cy.height() - 48) / h);
    // What is too large to be read whole is shown from its top.
    const fromTop = fits < 0.12;
    const zoom = fromTop ? Math.min(1, Math.max(0.12, (cy.width() - 40) / w)) : Math.min(1.15, fits);
    const pan = { x: cy.width() / 2 - (left + w / 2) * zoom, y: fromTop ? 20 : (cy.height() - h * zoom) / 2 };
    cy.viewport({ zoom, pan });
  };

  const mark = () => {
    if (!cy) return;
    cy.batch(() => {
      cy.nodes().removeClass("found faded");
      if (!found) return;
      const hit = new Set();
      for (const node of found) if (shownIn[node] >= 0) hit.add(shownIn[node]);
      drawnBoxes.forEach((box, at) => {
        if (!box.inner) cy.getElementById(box.id).addClass(hit.has(at) ? "found" : "faded");
      });
    });
  };

  /** Opens or closes a box. */
  const toggle = (key) => {
    if (!cy) return;
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
    let one = what.row !== undefined ? cy.getElementById("r" + what.row) : cy.collection();
    if (one.empty() && what.key) one = cy.getElementById(what.key);
    // What is inside a box that is closed is shown by that.
    let row = what.row;
    while (one.empty() && givenBy.has(row)) one = cy.getElementById("r" + (row = givenBy.get(row)));
    const node = what.node !== undefined ? what.node : row !== undefined ? rowNode(row) : -1;
    for (let at = node; one.empty() && at >= 0; at = N.inside[at]) {
      if (shownIn[at] >= 0) one = cy.getElementById(drawnBoxes[shownIn[at]].id);
    }
    if (one.empty()) return;
    one.select();
    const at = one.renderedPosition();
    const out = at.x < 0 || at.y < 0 || at.x > cy.width() || at.y > cy.height();
    if (from !== "graph" && out) cy.center(one);
  };

  /** The key of the box of what is selected, where it opens. */
  const keyOf = ({ node, row, key }) => {
    if (key) return key;
    if (row !== undefined && boxes.canOpenRow(row) && cy.getElementById("r" + row).nonempty()) return "r" + row;
    const of = node !== undefined ? node : row !== undefined ? rowNode(row) : -1;
    return of >= 0 && boxes.canOpen(of) ? "n" + of : "";
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
    else if (event.key === "Enter" && keyOf(selection)) toggle(keyOf(selection));
    else return;
    isWhole = isWhole && event.key === "0";
    event.preventDefault();
  };

  /** Shows the graph, and calls `done` when all of it is there, with the time when it was first seen. */
  const begin = (done) => {
    draw(true, true);
    requestAnimationFrame(() => setTimeout(() => {
      const seen = performance.now();
      follow();
      done(seen);
    }));
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
    // For tests: what is drawn, where a box is on the page, and through which points edges run.
    edges: () => cy.edges().map((one) => ({
      from: one.source().id(), to: one.target().id(), critical: one.hasClass("critical"),
      points: [one.sourceEndpoint(), ...(one.segmentPoints() || []), one.targetEndpoint()],
    })),
    rects: () => cy.nodes().filter((one) => !one.hasClass("head")).map((one) => ({ id: one.id(), inside: one.data("parent"), ...one.boundingBox({ includeLabels: false, includeUnderlays: false }) })),
    boxes: () => cy.nodes().filter((one) => !one.hasClass("head")).map((one) => ({ id: one.id(), label: one.data("label"), at: one.renderedPosition() })),
  };
})();
