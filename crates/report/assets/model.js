// The data as the parts of the page ask for it: columns in `data`, values and log lines in `said`.

const D = JSON.parse(byId("data").textContent);
byId("data").remove();
const N = D.nodes;
const R = D.rows;
const E = D.edges;
const RUN = D.run;
const OWN = RUN.own;
const ROWS = R.state.length;
const NODES = N.name.length;
const KINDS = ["task", "dynamic", "map", "loop", "flow", "branches", "succeed"];
const TASK = 0, DYNAMIC = 1, MAP = 2;

const rowNode = (row) => (row < OWN ? row : R.node[row - OWN]);
const rowName = (row) => (row < OWN ? N.name[row] : R.path[row - OWN]);
const taskOfRow = new Map(R.task);
const rowTask = (row) => {
  const node = rowNode(row);
  const task = taskOfRow.has(row) ? taskOfRow.get(row) : node >= 0 ? N.task[node] : -1;
  return task >= 0 ? D.tasks[task] : "";
};
const rowLevel = (row) => (rowNode(row) >= 0 ? N.level[rowNode(row)] : -1);
const rowError = (row) => (R.error[row] >= 0 ? D.errors[R.error[row]] : "");
const thread = (worker, blocking) => (blocking ? "waits " : "worker ") + worker;

/** Groups positions by a key: `lists(keys, of)` gives the positions of each key in order. */
const lists = (length, count, key) => {
  const starts = new Int32Array(count + 1);
  for (let at = 0; at < length; at++) if (key(at) >= 0) starts[key(at) + 1]++;
  for (let at = 0; at < count; at++) starts[at + 1] += starts[at];
  const next = starts.slice();
  const items = new Int32Array(starts[count]);
  for (let at = 0; at < length; at++) if (key(at) >= 0) items[next[key(at)]++] = at;
  return (of) => items.subarray(starts[of], starts[of + 1]);
};

/** The rows of a node: its own, or those of each time that it ran. */
const rowsOf = lists(ROWS, NODES, rowNode);
/** The nodes inside a node; of -1 the run's own. */
const insideOf = (() => {
  const inner = lists(NODES, NODES + 1, (node) => N.inside[node] + 1);
  return (node) => inner(node + 1);
})();
const edgesInto = lists(E.to.length, NODES, (edge) => E.to[edge]);
const edgesFrom = lists(E.from.length, NODES, (edge) => E.from[edge]);
const labels = new Map(N.label);
const items = new Map(N.items.map(([node, all, failed]) => [node, { all, failed }]));
const abandoned = new Set(R.abandoned);
// Rows, and the nodes that they are of.
const critical = new Set(D.critical);
const criticalNodes = new Set(D.critical.map(rowNode).filter((node) => node >= 0));
const gapsOf = new Map(N.gaps);
const attemptsBefore = new Map();
D.before.forEach((one) => {
  if (!attemptsBefore.has(one[0])) attemptsBefore.set(one[0], []);
  attemptsBefore.get(one[0]).push(one);
});
const byRow = (all) => {
  const found = new Map();
  all.forEach((one) => {
    if (!found.has(one[0])) found.set(one[0], []);
    found.get(one[0]).push(one);
  });
  return found;
};
/**
 * What rows were given, gave and logged. Read when it is first asked for: it is much of the page, stands at
 * its end, and is of interest once somebody looks at a node.
 */
const said = (() => {
  let known = null;
  return () => {
    // Somebody was quicker than the page.
    if (document.readyState === "loading") return { given: new Map(), gave: new Map(), logs: new Map() };
    if (!known) {
      const { given, gave, logs } = JSON.parse(byId("said").textContent);
      byId("said").remove();
      known = { given: new Map(given), gave: new Map(gave), logs: byRow(logs) };
    }
    return known;
  };
})();

/** The last part of a path: of `grow.measure["a.b"]` it is `["a.b"]`. */
const lastPart = (path) => {
  let start = 0, inside = false, quoted = false;
  for (let at = 0; at < path.length; at++) {
    const one = path[at];
    if (quoted && one === "\\") at++;
    else if (inside && one === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (!inside && one === "[") [start, inside] = [at, true];
    else if (inside && one === "]") inside = false;
    else if (!inside && one === ".") start = at + 1;
  }
  return path.slice(start);
};

/**
 * What ran in the workflows that tasks gave: it is in no list of nodes, so what it is inside of is told by
 * paths. Rows by the row around them, and the other way round.
 */
const [givenIn, givenBy] = (() => {
  const inside = new Map(), around = new Map();
  if (!R.node.includes(-1)) return [inside, around];
  const rows = new Map();
  for (let row = 0; row < ROWS; row++) rows.set(rowName(row), row);
  R.node.forEach((node, at) => {
    if (node >= 0) return;
    let path = R.path[at], by;
    while (by === undefined && path.length > 0) {
      const part = lastPart(path);
      path = path.slice(0, path.length - part.length).replace(/\.$/, "");
      by = rows.get(path);
    }
    if (by === undefined) return;
    around.set(OWN + at, by);
    if (!inside.has(by)) inside.set(by, []);
    inside.get(by).push(OWN + at);
  });
  return [inside, around];
})();

/** How many rows of a node are in each state. */
const statesOf = (node) => {
  const found = [0, 0, 0, 0, 0, 0, 0];
  for (const row of rowsOf(node)) found[R.state[row]]++;
  return found;
};
/** The state that says most of some. */
const worst = (states) => {
  let best = 0;
  states.forEach((n, state) => {
    if (n > 0 && (states[best] === 0 || RANK[state] < RANK[best])) best = state;
  });
  return best;
};
const nodeState = (node) => (node < OWN ? R.state[node] : worst(statesOf(node)));
const nodeTitle = (node) => {
  const around = N.inside[node] >= 0 ? N.name[N.inside[node]] + "." : "";
  const name = N.name[node];
  return labels.get(node) || (name.startsWith(around) ? name.slice(around.length) : name);
};

// Whoever shows a selection listens: `{row}`, `{node}` or `{nodes, label}`.
const selectionListeners = [];
let selection = {};
const select = (what, from) => {
  if (what.node !== undefined && what.node < OWN) what = { row: what.node };
  if (what.node !== undefined && rowsOf(what.node).length === 1) what = { row: rowsOf(what.node)[0] };
  selection = what;
  selectionListeners.forEach((listener) => listener(what, from));
};
