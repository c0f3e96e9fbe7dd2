// Where boxes stand, and where edges run between them.
//
// A workflow of few nodes stands where the layout placed it, with gaps for edges that pass levels; what is
// opened there moves the rest aside. Others stand in lines, level by level.

const places = (() => {
  const W = 156, H = 44, GAP_X = 22, GAP_Y = 46, PAD = 16, HEAD = PAD + 24;
  // Boxes in a line before a level takes several.
  const LINE = 24;

  const middle = (box) => box.x + box.w / 2;
  /** A column of the layout as the middle of a box. */
  const column = (x) => x * (W + GAP_X) - GAP_X / 2;

  /** Where the layout placed them. */
  const free = (lines) => {
    const wider = new Map();
    lines.flat().filter((box) => box.w > W).forEach((box) => {
      const at = column(N.x[box.node]);
      wider.set(at, Math.max(wider.get(at) || 0, box.w - W));
    });
    // What stands further right makes room.
    const moved = (x) => {
      let by = 0;
      wider.forEach((more, at) => (by += at < x ? more : at === x ? more / 2 : 0));
      return x + by;
    };
    let y = 0;
    lines.forEach((line) => {
      let tall = 0;
      line.forEach((box) => {
        box.x = moved(column(N.x[box.node])) - box.w / 2;
        box.y = y;
        box.gaps = (gapsOf.get(box.node) || []).map((gap) => moved(column(gap)));
        tall = Math.max(tall, box.h);
      });
      y += tall + GAP_Y;
    });
    return lines;
  };

  /** Level by level, wide ones in several lines, each in the middle. */
  const packed = (levels, most = LINE) => {
    let y = 0, width = 0;
    const lines = [];
    levels.forEach((level) => {
      const per = level.length <= most ? level.length : Math.max(most / 2, Math.ceil(Math.sqrt(level.length * 2.5)));
      for (let at = 0; at < level.length; at += per) {
        const line = level.slice(at, at + per);
        let x = 0, tall = 0;
        line.forEach((box) => {
          box.x = x;
          box.y = y;
          x += box.w + GAP_X;
          tall = Math.max(tall, box.h);
        });
        lines.push(line);
        width = Math.max(width, x - GAP_X);
        y += tall + (at + per < level.length ? 20 : GAP_Y);
      }
    });
    lines.forEach((line) => {
      const aside = (width - (line[line.length - 1].x + line[line.length - 1].w)) / 2;
      line.forEach((box) => (box.x += aside));
    });
    return lines;
  };

  /** Places what is inside a box, by its key, and what is opened there. Positions are of corners. */
  const place = (key) => {
    const { list, free: isFree, line } = boxes.inside(key);
    const levels = [];
    list.forEach((box) => {
      box.w = W;
      box.h = H;
      if ((box.node !== undefined || box.row !== undefined) && box.key && boxes.isOpen(box.key)) {
        box.inner = place(box.key);
        box.w = Math.max(W, box.inner.w + 2 * PAD);
        box.h = box.inner.h + HEAD + PAD;
        box.label = box.label.replace("\n", "  ").replace("⊞", "⊟");
      }
      (levels[box.level] = levels[box.level] || []).push(box);
    });
    const sorted = levels.filter(Boolean);
    sorted.forEach((level) => level.sort((a, b) => a.order - b.order));
    const single = isFree && N.x.length > 0 && sorted.every((level) => level.length <= LINE);
    const lines = single ? free(sorted) : packed(sorted, line);
    const edge = (line, of) => line.reduce((most, box) => Math.max(most, of(box)), 0);
    const made = lines.map((line) => ({ line, top: line[0].y, bottom: edge(line, (box) => box.y + box.h) }));
    lines.forEach((line, at) => line.forEach((box) => {
      box.lines = made;
      box.at = at;
    }));
    return { list, w: edge(lines, (line) => edge(line, (box) => box.x + box.w)), h: edge(made, (line) => line.bottom) };
  };

  /** The nearest place to `x` in a line where no box is. */
  const between = (line, x) => {
    const box = line.find((box) => x > box.x - 6 && x < box.x + box.w + 6);
    if (!box) return x;
    const left = box.x - GAP_X / 2, right = box.x + box.w + GAP_X / 2;
    return x - left < right - x ? left : right;
  };

  /** The points that an edge runs through, from one box down to another beside it. */
  const route = (from, to) => {
    if (from.lines !== to.lines || from.at >= to.at) return null;
    const lines = from.lines, points = [];
    // What is opened beside it may be taller.
    if (from.y + from.h < lines[from.at].bottom - 1) points.push([middle(from), lines[from.at].bottom]);
    for (let at = from.at + 1; at < to.at; at++) {
      const straight = middle(from) + ((middle(to) - middle(from)) * (at - from.at)) / (to.at - from.at);
      const gap = from.gaps ? from.gaps[at - from.at - 1] : undefined;
      const x = between(lines[at].line, gap === undefined ? straight : gap);
      points.push([x, lines[at].top], [x, lines[at].bottom]);
    }
    return points;
  };

  return { place: () => place(""), route, PAD, HEAD };
})();
