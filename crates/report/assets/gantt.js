// What ran on which thread when, drawn on a canvas; and counts over time, drawn by uPlot.

const gantt = (() => {
  const ROW = 20, TOP = 24, LEFT = 76;
  const canvas = byId("gantt");
  const scroll = byId("gantt-scroll");
  const note = byId("gantt-note");
  const pen = canvas.getContext("2d");
  const lanes = [];
  const END = Math.max(1, RUN.duration);
  let from = 0, to = END, width = 0, wanted = false;
  const rowsSelected = new Set();

  // Bars: row, start, length, state, whether others ran inside, whether it is the last attempt.
  const byLane = new Map();
  const bar = (row, start, length, worker, blocking, state, around) => {
    const key = blocking * 1e9 + worker;
    if (!byLane.has(key)) byLane.set(key, { name: thread(worker, blocking), key, bars: [], wholes: [] });
    const lane = byLane.get(key);
    (around ? lane.wholes : lane.bars).push([row, start, length, state]);
    // What a task did before others ran in its place.
    if (around > 1) lane.bars.push([row, start, Math.min(length, around - 1), state]);
  };
  for (let row = 0; row < ROWS; row++) {
    if (R.start[row] >= 0) bar(row, R.start[row], R.length[row], R.worker[row], R.blocking[row], R.state[row], R.around[row]);
  }
  D.before.forEach(([row, start, length, worker, blocking, state]) => bar(row, start, length, worker, blocking, state, 0));
  lanes.push(...[...byLane.values()].sort((a, b) => a.key - b.key));
  lanes.forEach((lane) => [lane.bars, lane.wholes].forEach((bars) => {
    bars.sort((a, b) => a[1] - b[1] || a[0] - b[0]);
    // The latest end of those up to each: where to begin for a stretch of time.
    let latest = 0;
    bars.ends = Float64Array.from(bars, ([, start, length]) => (latest = Math.max(latest, start + length)));
  }));

  const first = (bars, at) => {
    let low = 0, high = bars.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (bars.ends[middle] < at) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const x = (at) => LEFT + ((at - from) / (to - from)) * (width - LEFT);

  const drawBars = (bars, top, tall) => {
    let open = -1, worstRank = 9, state = 0;
    const flush = () => {
      if (open < 0) return;
      pen.fillStyle = colour("s" + state);
      pen.fillRect(open, top, 1, tall);
      open = -1;
      worstRank = 9;
    };
    for (let at = first(bars, from); at < bars.length && bars[at][1] <= to; at++) {
      const [row, start, length, one] = bars[at];
      const left = Math.max(LEFT, x(start)), right = Math.min(width, x(start + length));
      const marked = critical.has(row);
      if (right - left < 1.5 && !rowsSelected.has(row)) {
        // Those that share a column of pixels are one line, of what matters most.
        const column = Math.floor(left);
        if (column !== open) flush();
        open = column;
        if (RANK[one] < worstRank) {
          worstRank = RANK[one];
          state = one;
        }
        if (marked) {
          pen.fillStyle = colour("critical");
          pen.fillRect(column, top + tall - 3, 1, 3);
        }
        continue;
      }
      flush();
      const w = Math.max(2, right - left - 0.5);
      pen.fillStyle = colour("s" + one);
      pen.fillRect(left, top, w, tall);
      if (marked) {
        pen.fillStyle = colour("critical");
        pen.fillRect(left, top + tall - 4, w, 4);
      }
      if (rowsSelected.has(row)) {
        pen.strokeStyle = colour("text");
        pen.lineWidth = 2;
        pen.strokeRect(left - 1, top - 1, w + 2, tall + 2);
      }
      if (w > 44 && tall > 8) {
        pen.fillStyle = colour("panel");
        pen.save();
        pen.beginPath();
        pen.rect(left, top, w - 3, tall);
        pen.clip();
        pen.fillText(clean(rowName(row), 60), left + 4, top + tall - 4);
        pen.restore();
      }
    }
    flush();
  };

  const ticks = () => {
    const about = (to - from) / Math.max(2, (width - LEFT) / 110);
    const unit = 10 ** Math.floor(Math.log10(about));
    const step = Math.max(1, [1, 2, 5, 10].find((by) => by * unit >= about) * unit);
    for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
      pen.fillStyle = colour("soft");
      const text = at === 0 ? "0" : time(Math.round(at));
      const wide = pen.measureText(text).width;
      // The last one may have no room to its right.
      pen.fillText(text, x(at) + 3 + wide > width ? x(at) - 3 - wide : x(at) + 3, 15);
      pen.fillStyle = colour("line");
      pen.fillRect(x(at), 4, 1, canvas.height);
    }
  };

  const draw = () => {
    wanted = false;
    const ratio = devicePixelRatio || 1;
    width = scroll.clientWidth;
    const height = TOP + Math.max(1, lanes.length) * ROW + 4;
    canvas.style.height = height + "px";
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.font = "11px system-ui, sans-serif";
    pen.direction = "ltr";
    ticks();
    lanes.forEach((lane, at) => {
      const top = TOP + at * ROW;
      pen.fillStyle = colour("soft");
      pen.fillText(lane.name, 4, top + 14);
      // What runs others inside it is a thin line above them.
      drawBars(lane.wholes, top + 1, 3);
      drawBars(lane.bars, top + 4, ROW - 6);
    });
    if (lanes.length === 0) {
      pen.fillStyle = colour("soft");
      pen.fillText("nothing ran", LEFT, TOP + 14);
    }
  };
  const later = () => {
    if (!wanted) requestAnimationFrame(draw);
    wanted = true;
  };

  const show = (a, b) => {
    const span = Math.min(END, Math.max(b - a, 20));
    from = Math.min(Math.max(0, a), END - span);
    to = from + span;
    later();
  };
  const zoom = (by, at = (from + to) / 2) => show(at - (at - from) * by, at + (to - at) * by);
  const move = (by) => show(from + by * (to - from), to + by * (to - from));

  /** The row under a point of the canvas. */
  const under = (left, top) => {
    const lane = lanes[Math.floor((top - TOP) / ROW)];
    if (!lane || top < TOP || left < LEFT) return -1;
    const scale = (to - from) / (width - LEFT);
    const at = from + (left - LEFT) * scale, near = 2 * scale;
    const inWhole = (top - TOP) % ROW < 4;
    let best = -1, distance = Infinity;
    for (const bars of inWhole ? [lane.wholes, lane.bars] : [lane.bars, lane.wholes]) {
      for (let one = first(bars, at - near); one < bars.length && bars[one][1] <= at + near; one++) {
        const [row, start, length, state] = bars[one];
        const off = Math.max(start - at, at - start - length, 0) + RANK[state] * scale * 1e-3;
        if (off < distance) [best, distance] = [row, off];
      }
      if (best >= 0) return best;
    }
    return best;
  };

  const pointers = new Map();
  let dragged = 0;
  const pointer = () => {
    canvas.addEventListener("pointerdown", (event) => {
      pointers.set(event.pointerId, event.offsetX);
      dragged = 0;
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!pointers.has(event.pointerId)) {
        const row = under(event.offsetX, event.offsetY);
        note.textContent = row >= 0 ? clean(`${rowName(row)} · ${STATES[R.state[row]]} · ${time(R.length[row])}`, 120) : "";
        return;
      }
      const before = [...pointers.values()];
      const moved = event.offsetX - pointers.get(event.pointerId);
      pointers.set(event.pointerId, event.offsetX);
      dragged += Math.abs(moved);
      if (pointers.size === 2) {
        const now = [...pointers.values()];
        const by = Math.abs(before[0] - before[1]) / Math.max(8, Math.abs(now[0] - now[1]));
        zoom(by, from + (((now[0] + now[1]) / 2 - LEFT) / (width - LEFT)) * (to - from));
      } else if (dragged > 3) move(-moved / (width - LEFT));
    });
    const up = (event) => {
      const alone = pointers.size === 1;
      pointers.delete(event.pointerId);
      if (event.type === "pointerup" && alone && dragged <= 3) {
        const row = under(event.offsetX, event.offsetY);
        if (row >= 0) select({ row }, "gantt");
      }
    };
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("pointercancel", up);
    canvas.addEventListener("wheel", (event) => {
      if (document.activeElement !== canvas && !event.ctrlKey) return;
      event.preventDefault();
      zoom(event.deltaY > 0 ? 1.25 : 0.8, from + ((event.offsetX - LEFT) / (width - LEFT)) * (to - from));
    }, { passive: false });
  };

  const begin = () => {
    pointer();
    canvas.addEventListener("keydown", (event) => {
      const act = {
        ArrowLeft: () => move(-0.2), ArrowRight: () => move(0.2), "+": () => zoom(0.7), "=": () => zoom(0.7),
        "-": () => zoom(1.4), 0: () => show(0, END),
      }[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    });
    byId("gantt-in").addEventListener("click", () => zoom(0.6));
    byId("gantt-out").addEventListener("click", () => zoom(1 / 0.6));
    byId("gantt-fit").addEventListener("click", () => show(0, END));
    new ResizeObserver(later).observe(scroll);
    themeListeners.push(later);
    selectionListeners.push((what) => {
      rowsSelected.clear();
      if (what.row !== undefined) rowsSelected.add(what.row);
      if (what.row !== undefined && R.start[what.row] >= 0) {
        const start = R.start[what.row], end = start + R.length[what.row];
        const span = to - from;
        if (end < from || start > to) show((start + end - span) / 2, (start + end + span) / 2);
      }
      later();
    });
    draw();
  };
  return { begin };
})();

const charts = (() => {
  const holder = byId("charts");
  const made = [];
  const bins = (values) => values.map((_, at) => ((at + 0.5) / values.length) * (RUN.duration / 1e9));
  const shown = (series, bytes) => (value) => (value === null || value === undefined ? "" : bytes ? size(value) : count(value));

  const one = (title, all) => {
    const bytes = all[0].bytes;
    const place = el("div", "chart", undefined, el("h3", "", title));
    holder.append(place);
    const paints = ["s6", "s5", "s1"];
    const unit = RUN.duration / 1e9 < 0.001 ? [1e6, "µs"] : RUN.duration / 1e9 < 1 ? [1e3, "ms"] : [1, "s"];
    const build = () => {
      const axis = { stroke: colour("soft"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line") } };
      const lines = all.map((series, at) => ({
        label: "", stroke: colour(paints[at % 3]), fill: at === 0 ? colour(paints[0]) + "33" : undefined, width: 1.5,
        paths: uPlot.paths.stepped({ align: 1 }), points: { show: false },
      }));
      const tops = all.filter((series) => series.most !== null && all.length === 1);
      const data = [bins(all[0].values), ...all.map((series) => series.values)];
      tops.forEach((series) => {
        lines.push({ label: "", stroke: colour("s2"), dash: [6, 4], width: 1, points: { show: false } });
        data.push(series.values.map(() => series.most));
      });
      const highest = Math.max(1, ...data.slice(1).map((list) => Math.max(...list)));
      return new uPlot({
        width: place.clientWidth || 320, height: 150, legend: { show: false }, cursor: { show: false },
        scales: { x: { time: false }, y: { range: [0, highest * 1.08] } },
        axes: [
          { ...axis, values: (_, splits) => splits.map((at) => `${Number((at * unit[0]).toPrecision(6))} ${unit[1]}`), space: 70 },
          { ...axis, values: (_, splits) => splits.map((at) => (Number.isInteger(at) || bytes ? shown(all, bytes)(at) : "")), size: bytes ? 80 : 52 },
        ],
        series: [{}, ...lines],
      }, data, place);
    };
    let plot = build();
    const again = () => {
      plot.destroy();
      plot = build();
    };
    made.push(place);
    themeListeners.push(again);
    new ResizeObserver(() => plot.setSize({ width: place.clientWidth || 320, height: 150 })).observe(place);
  };

  return {
    begin: () => {
      const lanes = D.series.filter((series, at) => at === 0 || (at === 1 && series.name === "waiting" && D.series.length > D.limits.length));
      const known = new Set(lanes);
      const peak = (series) => Math.max(...series.values);
      const text = lanes.map((series, at) => `${at === 0 ? "tasks that compute" : "tasks that wait"}: at most ${count(peak(series))}${series.most !== null && at === 0 ? " of " + many(series.most, "worker") : ""}`);
      one(text.join(" · "), lanes);
      D.series.filter((series) => !known.has(series)).forEach((series) => {
        const of = series.most === null ? "" : " of " + (series.bytes ? size(series.most) : count(series.most));
        one(`limit ${series.name}: at most ${series.bytes ? size(peak(series)) : count(peak(series))}${of} in use`, [series]);
      });
    },
  };
})();
