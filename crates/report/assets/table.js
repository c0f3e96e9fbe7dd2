// Every node, item and node inside, one row each: sorted, filtered, and drawn as far as it is seen.

const table = (() => {
  const TALL = 28;
  const holder = byId("table");
  const note = byId("table-note");
  const columns = [
    { name: "state", key: (row) => RANK[R.state[row]] },
    { name: "name", key: rowName, text: true },
    { name: "task", key: rowTask, text: true },
    { name: "level", key: rowLevel, num: true },
    { name: "tries", key: (row) => R.tries[row], num: true },
    { name: "start", key: (row) => (R.start[row] < 0 ? Infinity : R.start[row]), num: true },
    { name: "took", key: (row) => -R.length[row], num: true },
    { name: "thread", key: (row) => (R.start[row] < 0 ? Infinity : R.blocking[row] * 1e9 + R.worker[row]) },
    { name: "error", key: rowError, text: true },
  ];
  let sorted = 0, down = false, order = [], active = 0, states = null, scope = null, words = "";
  const space = el("div"), view = el("div");
  const heads = [];
  const drawn = new Map();

  // What the search looks at, made when it is first used.
  let searched = null;
  const haystack = () => {
    if (!searched) {
      searched = [];
      for (let row = 0; row < ROWS; row++) {
        const node = rowNode(row);
        searched.push(`${rowName(row)} ${(node >= 0 && labels.get(node)) || ""} ${rowTask(row)} ${STATES[R.state[row]]} ${rowError(row).slice(0, 200)}`.toLowerCase());
      }
    }
    return searched;
  };

  const inScope = (row) => {
    if (!scope) return true;
    if (scope.nodes) return scope.nodes.has(rowNode(row));
    const name = rowName(row);
    return name.startsWith(scope.prefix) && (name.length === scope.prefix.length || ".[".includes(name[scope.prefix.length]));
  };

  const filter = () => {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    const text = wanted.length > 0 ? haystack() : null;
    order = [];
    for (let row = 0; row < ROWS; row++) {
      if (states && !states.has(R.state[row])) continue;
      if (!inScope(row)) continue;
      if (text && !wanted.every((word) => text[row].includes(word))) continue;
      order.push(row);
    }
    const { key, text: isText } = columns[sorted];
    const keys = new Array(ROWS);
    order.forEach((row) => (keys[row] = key(row)));
    const compare = isText ? (a, b) => (keys[a] < keys[b] ? -1 : keys[a] > keys[b] ? 1 : 0) : (a, b) => (keys[a] === keys[b] ? 0 : keys[a] - keys[b]);
    // Of equals, what began first; then as they are numbered.
    const begun = (row) => (R.start[row] < 0 ? Infinity : R.start[row]);
    const then = (a, b) => (begun(a) === begun(b) ? a - b : begun(a) - begun(b));
    order.sort((a, b) => (down ? compare(b, a) : compare(a, b)) || then(a, b));
    active = 0;
    const left = R.left_out ? ` · ${count(R.left_out)} more ran inside and are in the record only` : "";
    note.textContent = `${count(order.length)} of ${many(ROWS, "row")}${left}`;
    graph.find(wanted.length > 0 ? new Set(order.map(rowNode).filter((node) => node >= 0)) : null);
    heads.forEach((head, at) => head.setAttribute("aria-sort", at === sorted ? (down ? "descending" : "ascending") : "none"));
    holder.setAttribute("aria-rowcount", order.length + 1);
    space.style.height = order.length * TALL + "px";
    view.style.height = Math.min(430, Math.max(2, order.length) * TALL + 2) + "px";
    drawn.forEach((made) => made.remove());
    drawn.clear();
    view.scrollTop = 0;
    draw();
  };

  const cells = (row) => {
    const state = paint(el("span", "", `${SIGNS[R.state[row]]} ${STATES[R.state[row]]}`), R.state[row]);
    const began = R.start[row] >= 0;
    const all = [
      state, el("span", "name", undefined, el("bdi", "", clean(rowName(row), 300))), el("span", "", clean(rowTask(row), 120)),
      el("span", "num", rowLevel(row) >= 0 ? rowLevel(row) : ""), el("span", "num", R.tries[row]),
      el("span", "num", began ? time(R.start[row]) : ""), el("span", "num", began ? time(R.length[row]) : ""),
      el("span", "", began ? thread(R.worker[row], R.blocking[row]) : ""), el("span", "", undefined, el("bdi", "", clean(rowError(row), 200).replaceAll("\n", " "))),
    ];
    all.forEach((cell) => cell.setAttribute("role", "gridcell"));
    return all;
  };

  const draw = () => {
    const top = Math.max(0, Math.floor(view.scrollTop / TALL) - 8);
    const bottom = Math.min(order.length, top + Math.ceil(view.clientHeight / TALL) + 16);
    drawn.forEach((made, at) => {
      if (at < top || at >= bottom) {
        made.remove();
        drawn.delete(at);
      }
    });
    for (let at = top; at < bottom; at++) {
      if (drawn.has(at)) continue;
      const made = el("div", "row", undefined, ...cells(order[at]));
      made.setAttribute("role", "row");
      made.setAttribute("aria-rowindex", at + 2);
      made.style.top = at * TALL + "px";
      made.tabIndex = -1;
      made.dataset.at = at;
      drawn.set(at, made);
      space.append(made);
    }
    drawn.forEach((made, at) => {
      made.tabIndex = at === active ? 0 : -1;
      made.setAttribute("aria-selected", order[at] === selection.row ? "true" : "false");
    });
  };

  const into = (at) => {
    if (at * TALL < view.scrollTop) view.scrollTop = at * TALL;
    else if ((at + 1) * TALL > view.scrollTop + view.clientHeight) view.scrollTop = (at + 1) * TALL - view.clientHeight;
  };
  const go = (at) => {
    active = Math.min(Math.max(0, at), order.length - 1);
    into(active);
    draw();
    if (drawn.get(active)) drawn.get(active).focus({ preventScroll: true });
  };

  const chips = () => {
    const filters = byId("filters");
    filters.replaceChildren();
    const counts = [0, 0, 0, 0, 0, 0, 0];
    for (let row = 0; row < ROWS; row++) counts[R.state[row]]++;
    const chip = (text, on, act) => {
      const made = button(text, () => {
        act();
        chips();
        filter();
      });
      made.setAttribute("aria-pressed", on);
      filters.append(made);
    };
    chip(`all ${count(ROWS)}`, !states, () => (states = null));
    [...counts.keys()].filter((state) => counts[state] > 0).sort((a, b) => RANK[a] - RANK[b]).forEach((state) => {
      const on = Boolean(states && states.has(state));
      chip(`${SIGNS[state]} ${STATES[state]} ${count(counts[state])}`, on, () => (states = on ? null : new Set([state])));
    });
    if (scope) chip(`${clean(scope.label || "inside " + scope.prefix, 40)} ✕`, true, () => (scope = null));
  };

  const begin = () => {
    const head = el("div", "rowhead");
    head.setAttribute("role", "row");
    columns.forEach((column, at) => {
      const made = button(column.name, () => {
        down = sorted === at ? !down : false;
        sorted = at;
        filter();
      }, column.num ? "num" : "");
      made.setAttribute("role", "columnheader");
      heads.push(made);
      head.append(made);
    });
    view.id = "table-scroll";
    space.id = "table-space";
    view.tabIndex = -1;
    view.append(space);
    holder.append(head, view);
    view.addEventListener("scroll", draw, { passive: true });
    space.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (!row) return;
      go(Number(row.dataset.at));
      select({ row: order[active] }, "table");
    });
    space.addEventListener("keydown", (event) => {
      const page = Math.max(1, Math.floor(view.clientHeight / TALL) - 1);
      const to = {
        ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page, Home: 0, End: order.length - 1,
      }[event.key];
      if (to !== undefined) go(to);
      else if (event.key === "Enter" || event.key === " ") select({ row: order[active] }, "table");
      else return;
      event.preventDefault();
    });
    const search = byId("search");
    let waits = 0;
    const look = () => {
      clearTimeout(waits);
      if (words === search.value) return;
      words = search.value;
      filter();
    };
    search.addEventListener("input", () => {
      clearTimeout(waits);
      waits = setTimeout(look, ROWS > 20000 ? 150 : 30);
    });
    search.addEventListener("keydown", (event) => {
      // What is typed counts at once for whoever does not wait.
      if (event.key === "ArrowDown" || event.key === "Enter") look();
      if (event.key === "ArrowDown") {
        event.preventDefault();
        go(0);
      } else if (event.key === "Escape") {
        search.value = "";
        search.dispatchEvent(new Event("input"));
      } else if (event.key === "Enter" && order.length > 0) select({ row: order[0] }, "search");
    });
    document.addEventListener("keydown", (event) => {
      const typing = event.target instanceof HTMLInputElement;
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    });
    selectionListeners.push((what, from) => {
      if (what.row !== undefined && from !== "table") {
        const at = order.indexOf(what.row);
        if (at >= 0) {
          active = at;
          into(at);
        }
      }
      draw();
    });
    chips();
    filter();
    new ResizeObserver(draw).observe(view);
  };

  return {
    begin,
    only: (what) => {
      scope = what;
      states = null;
      chips();
      filter();
      byId("table").scrollIntoView({ block: "nearest" });
    },
  };
})();
