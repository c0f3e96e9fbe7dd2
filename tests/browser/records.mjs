// Records of runs that never were, of any size: layered graphs of a fixed seed.

import { createWriteStream } from "node:fs";
import { once } from "node:events";

/** Numbers from 0 to 1 of a seed: SplitMix32. */
export const random = (seed) => () => {
  seed = (seed + 0x9e3779b9) | 0;
  let z = seed ^ (seed >>> 16);
  z = Math.imul(z, 0x21f0aaad);
  z ^= z >>> 15;
  z = Math.imul(z, 0x735a2d97);
  return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
};

/** Texts that would like to be more than text. */
export const HOSTILE = [
  `</script><script>window.hostile = 1</script>`,
  `<img src=x onerror="window.hostile = 2">`,
  `"'\`\${window.hostile = 3}`,
  `\u202Egnp.exe\u202C and \u2066isolated`,
  `مرحبا بالعالم`,
  `<!--<script>`,
  `]]></style><style>*{display:none}</style>`,
  `a\u0000b\u001b[31m\u2028\u2029`,
  `${"x".repeat(5000)}`,
];

/**
 * Writes a record of `count` nodes: levels of about `wide`, on `workers` threads, every 97th of them
 * failing after another attempt. `long`: how many levels edges pass at most.
 */
export const write = async (file, { count, wide = Math.ceil(Math.sqrt(count)), workers = 8, tasks = 6, hostile = false, cut = false, fails = true, long = 0 }) => {
  const next = random(count);
  const out = createWriteStream(file);
  const line = async (text) => {
    if (!out.write(text + "\n")) await once(out, "drain");
  };
  const levels = Math.ceil(count / wide);
  const nodes = [];
  for (let node = 0; node < count; node++) {
    const level = Math.floor(node / wide);
    const inputs = [];
    if (level > 0) {
      const ports = node % 2 + 1;
      for (let port = 0; port < ports; port++) {
        const above = Math.max(0, level - 1 - (long > 0 ? Math.floor(next() * (long + 1)) : 0));
        inputs.push([`x${port}`, above * wide + Math.floor(next() * wide)]);
      }
    }
    const name = hostile && node < HOSTILE.length ? HOSTILE[node] : `n${node}`;
    nodes.push({ name, task: `pack/task${node % tasks}`, pack: "pack 1.0.0", level, inputs, output: level === levels - 1, needs: node % 5 === 0 ? [["gpu", 1]] : [] });
  }
  await line(JSON.stringify({
    terrace_record: 1, run: `generated-${count}`, workflow: hostile ? HOSTILE[0] + HOSTILE[3] : `layers-${count}`,
    started: "2026-11-30T12:00:00.000000000Z", order: "dataflow", workers, terrace: "0.1.0", levels, own: count,
    limits: [{ name: hostile ? HOSTILE[1] : "gpu", most: 8 }], nodes,
  }));
  const free = new Array(workers).fill(0);
  const ended = new Float64Array(count);
  const state = new Uint8Array(count);
  const events = [];
  for (let node = 0; node < count; node++) {
    const before = nodes[node].inputs.map(([, from]) => from);
    const cause = before.find((from) => state[from] !== 0);
    const ready = Math.max(0, ...before.map((from) => ended[from]));
    if (cause !== undefined && fails) {
      state[node] = 2;
      ended[node] = ready;
      events.push([ready, { k: "end", at: ready, node, status: "skipped", tries: 0, ran: 0, cause }]);
      continue;
    }
    let worker = 0;
    for (let one = 1; one < workers; one++) if (free[one] < free[worker]) worker = one;
    let start = Math.max(ready, free[worker]);
    const took = Math.floor(5_000 + next() * 60_000);
    const bad = fails && (node >= count - 2 * wide || (node === 13 && count < 1000)) && node % 97 === 13;
    const error = { class: "failed", code: "E1", message: hostile ? HOSTILE[1] : `node ${node} did not work` };
    events.push([start, { k: "start", at: start, node, worker }]);
    events.push([start, { k: "given", at: start, node, inputs: nodes[node].inputs.map(([port], at) => [port, hostile ? JSON.stringify(HOSTILE[at]) : `${node / 4}`]) }]);
    if (bad) {
      events.push([start + took, { k: "retry", at: start + took, node, pause: 10, error }]);
      start += took + 10;
      events.push([start, { k: "start", at: start, node, try: 2, worker }]);
    }
    const end = start + took;
    if (!bad) events.push([end, { k: "gave", at: end, node, value: hostile ? JSON.stringify(HOSTILE[node % HOSTILE.length]).slice(0, 400) : `${node * 2}` }]);
    if (hostile) events.push([end, { k: "log", at: end, node, level: "info", message: HOSTILE[node % HOSTILE.length] }]);
    events.push([end, bad ? { k: "end", at: end, node, status: "failed", tries: 2, ran: took, error } : { k: "end", at: end, node, ran: took }]);
    if (bad) state[node] = 1;
    ended[node] = free[worker] = end;
  }
  events.sort((a, b) => a[0] - b[0]);
  const last = events.length > 0 ? events[events.length - 1][0] : 0;
  const told = cut ? events.slice(0, Math.floor(events.length / 2)) : events;
  for (const [, event] of told) await line(JSON.stringify(event));
  if (cut) out.write(`{"k":"end","at":1`);
  else {
    const failed = state.filter((one) => one === 1).length, skipped = state.filter((one) => one === 2).length;
    await line(JSON.stringify({ k: "finish", at: last, succeeded: count - failed - skipped, failed, skipped, cancelled: 0 }));
    await line(JSON.stringify({ k: "limit", name: "gpu", most: 8, used: 8, starts: 9 }));
    if (hostile) for (const text of HOSTILE) await line(JSON.stringify({ k: "output", name: text, value: text }));
    await line(JSON.stringify({ k: "result", status: failed ? "failed" : "succeeded", duration: last }));
  }
  out.end();
  await once(out, "finish");
};
