// Text, numbers and elements. Everything from the run comes in through `clean` and `textContent`.

const byId = (id) => document.getElementById(id);

/** An element with a class, a text and children. */
const el = (tag, cls, text, ...children) => {
  const made = document.createElement(tag);
  if (cls) made.className = cls;
  if (text !== undefined && text !== null) made.textContent = clean(text);
  made.append(...children);
  return made;
};

/** A button that does something. */
const button = (text, act, cls) => {
  const made = el("button", cls, text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
};

// Controls, and what turns the direction of text around: shown as their number.
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** Text as it may be shown, at most `most` characters. */
const clean = (text, most = 20000) => {
  let all = String(text);
  if (all.length > most) all = all.slice(0, most) + "…";
  return all.replace(HIDDEN, (one) => "\\u" + one.charCodeAt(0).toString(16).padStart(4, "0"));
};

/** Nanoseconds in the unit that suits them. */
const time = (ns) => {
  if (ns < 0) return "–";
  if (ns < 1e3) return ns + " ns";
  if (ns < 1e6) return digits(ns / 1e3) + " µs";
  if (ns < 1e9) return digits(ns / 1e6) + " ms";
  if (ns < 12e10) return digits(ns / 1e9) + " s";
  if (ns < 72e11) return digits(ns / 6e10) + " min";
  return digits(ns / 36e11) + " h";
};
const digits = (x) => (x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2));
const count = (n) => n.toLocaleString("en");
const many = (n, one, more = one + "s") => count(n) + " " + (n === 1 ? one : more);

/** Bytes in the unit that suits them. */
const size = (n) => {
  for (const [unit, of] of [["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10]]) {
    if (n >= of) return digits(n / of) + " " + unit;
  }
  return n + " B";
};

// States, by the numbers that they have in the data.
const STATES = ["not run", "ok", "failed", "timed out", "skipped", "cancelled", "not ended"];
const SIGNS = ["·", "✓", "✗", "◷", "⊘", "■", "…"];
// What matters first.
const RANK = [5, 6, 0, 1, 4, 3, 2];
const isFailure = (state) => state === 2 || state === 3;

/** The style of a state's text: what did not run is not worth a colour. */
const paint = (element, state) => {
  element.style.color = `var(--${state === 0 || state === 4 ? "soft" : "s" + state})`;
  return element;
};

/** A colour of the page's style, as it is now. */
let colours = {};
const colour = (name) => {
  if (!colours[name]) colours[name] = getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  return colours[name];
};
const themeListeners = [];
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  colours = {};
  themeListeners.forEach((listener) => listener());
});
