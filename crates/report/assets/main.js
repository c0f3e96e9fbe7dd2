// The head of the page, and everything begun.

document.title = clean((RUN.workflow || "run") + " – Terrace", 200);
byId("title").append(el("bdi", "", RUN.workflow || "(without a name)"));
const words = { succeeded: 1, failed: 2, cancelled: 5, limit_reached: 3, stopped_at_checkpoint: 3 };
const ended = RUN.status ? RUN.status.replaceAll("_", " ") : RUN.cut ? "no end on record" : "ended";
byId("status").textContent = clean(ended, 60);
paint(byId("status"), RUN.status ? words[RUN.status] || 0 : 6);
if (RUN.cut) {
  byId("cut").textContent = clean("This report is not whole: " + RUN.cut + ".");
  byId("cut").hidden = false;
}
[
  RUN.file,
  "started " + RUN.started.replace("T", " ").replace(/\.\d+Z$/, " UTC"),
  "took " + time(RUN.duration),
  many(OWN, "node") + " in " + many(RUN.levels, "level"),
  ROWS > OWN ? many(ROWS - OWN + R.left_out, "item and node inside", "items and nodes inside") : "",
  RUN.workers === null ? "" : many(RUN.workers, "worker"),
  RUN.order + " order",
  "run " + RUN.run,
  "terrace " + RUN.terrace,
].filter(Boolean).forEach((fact) => byId("facts").append(el("bdi", "", fact)));
const problems = [];
if (RUN.error) problems.push(RUN.error);
D.pauses.filter(([, , refused]) => refused).forEach(([at, , refused]) => problems.push(`stopped at a checkpoint after ${time(at)}: ${refused}`));
D.leftovers.forEach(([task, n]) => problems.push(`${many(n, "attempt")} of ${task} had been given up and still ran at the end`));
if (RUN.not_listed) problems.push("There are more nodes inside others than are listed.");
byId("problems").textContent = clean(problems.join("\n"));
if (RUN.without_items) byId("facts").append(el("span", "", "items of maps are counted, not listed"));
D.budgets.forEach(([of, most, spent]) => byId("facts").append(el("bdi", "", `spent ${spent / 1e6} of ${most / 1e6} ${of}`)));
if (D.outputs.length > 0) {
  byId("outputs").hidden = false;
  D.outputs.forEach(([name, value, error]) => {
    const shown = el("dd", "", undefined, el("pre", error === null ? "value" : "error", error === null ? value : error));
    byId("outputs-list").append(el("dt", "", undefined, el("bdi", "", name)), shown);
  });
}
selectionListeners.push(showDetails);
showDetails({});
// Somebody may have selected something before the values were there.
document.addEventListener("DOMContentLoaded", () => showDetails(selection));
gantt.begin();
charts.begin();
table.begin();
const shown = performance.now();
// The graph takes longest: the rest is there to be read and searched before.
requestAnimationFrame(() => setTimeout(() => {
  graph.begin((seen) => {
    // For tests: when the page was shown, when the graph was seen and when all of it was there, and where
    // boxes are.
    window.terrace = { shown, seen, ready: performance.now(), boxes: graph.boxes, edges: graph.edges, rects: graph.rects };
  });
}));
