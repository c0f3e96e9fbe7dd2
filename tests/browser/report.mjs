// Reports in a real browser: clicked, searched, sorted, by keyboard, in the dark, on a phone, with texts
// that would like to be more than text. Screenshots go to target/browser.
//
// `node report.mjs [TERRACE]`: the command to make reports with; its packs are beside it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { launch, open } from "./browser.mjs";
import { HOSTILE, write } from "./records.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const terrace = resolve(process.argv[2] ?? join(root, "target/debug/terrace"));
const out = join(root, "target/browser");
mkdirSync(out, { recursive: true });
const at = (name) => join(out, name);
const run = (...args) => execFileSync(terrace, args, { cwd: root, stdio: ["ignore", "ignore", "pipe"], maxBuffer: 1 << 28 });

/** The report of a generated record. */
const generated = async (name, options) => {
  await write(at(`${name}.jsonl`), options);
  run("report", at(`${name}.jsonl`), "-o", at(`${name}.html`));
  return at(`${name}.html`);
};
/** The report of an example that runs. */
const example = (name, ...args) => {
  run("run", `examples/${name}.yaml`, "--report", at(`${name}.html`), "--record", at(`${name}.jsonl`), ...args);
  return at(`${name}.html`);
};

/** Edges that run over boxes that are not their ends, nor around these. */
const hidden = async (page) => {
  const { rects, edges } = await page.evaluate("({ rects: window.terrace.rects(), edges: window.terrace.edges() })");
  const by = new Map(rects.map((rect) => [rect.id, rect]));
  const around = (id) => (by.get(id) ? [id, ...around(by.get(id).inside)] : []);
  const within = ({ x1, y1, x2, y2 }, { x, y }) => x > x1 + 3 && x < x2 - 3 && y > y1 + 3 && y < y2 - 3;
  const found = [];
  for (const { from, to, points } of edges) {
    const ends = new Set([...around(from), ...around(to)]);
    for (let at = 1; at < points.length; at++) {
      const [a, b] = [points[at - 1], points[at]];
      const near = rects.filter((rect) => !ends.has(rect.id) && rect.x1 < Math.max(a.x, b.x) && rect.x2 > Math.min(a.x, b.x) && rect.y1 < Math.max(a.y, b.y) && rect.y2 > Math.min(a.y, b.y));
      for (let step = 0; near.length > 0 && step <= 40; step++) {
        const part = step / 40, one = (axis) => a[axis] * (1 - part) + b[axis] * part;
        const over = near.find((rect) => within(rect, { x: one("x"), y: one("y") }));
        if (over) found.push(`${from} > ${to} over ${over.id}`);
      }
    }
  }
  return [...new Set(found)];
};

const browser = await launch();
const test = async (name, body) => {
  const begun = performance.now();
  try {
    await body();
  } catch (error) {
    console.error(`FAILED ${name}`);
    throw error;
  }
  console.log(`ok ${name} (${Math.round(performance.now() - begun)} ms)`);
};

try {
  await test("a node is shown with what it was given, gave and needs", async () => {
    const { page, details, rows, clickBox, check } = await open(browser, example("vqe-h2"));
    assert.equal(await page.locator("h1").innerText(), "vqe-h2");
    assert.equal(await page.locator("#status").innerText(), "succeeded");
    assert.equal((await rows()).length, 7);
    await clickBox((box) => box.label.includes("energy"));
    const text = await details();
    for (const part of ["quantum/compute_energy", "INPUTS", "OUTPUT", "-1.137306027408147"]) {
      assert.ok(text.toUpperCase().includes(part.toUpperCase()), `${part} in ${text}`);
    }
    // From there to what it takes, and back through the table.
    await page.locator("#details-body .link", { hasText: "zz" }).first().click();
    assert.match(await details(), /^zz/);
    assert.equal(await page.locator("#table .row[aria-selected=true] .name").innerText(), "zz");
    await page.screenshot({ path: at("vqe-h2.png"), fullPage: true });
    await check();
  });

  await test("attempts and their errors are told", async () => {
    const { page, details, check } = await open(browser, example("retry"));
    await page.locator("#table .row").first().click();
    const text = await details();
    assert.match(text, /attempt 1 fails on purpose/);
    assert.match(text, /attempt 2 fails on purpose/);
    assert.equal(await page.locator("#details-body ol li").count(), 3);
    await page.screenshot({ path: at("retry.png") });
    await check();
  });

  await test("maps and workflows inside nodes open and close", async () => {
    const { page, clickBox, note, check } = await open(browser, example("map-reduce"));
    const count = async () => (await page.evaluate("window.terrace.boxes()")).length;
    const before = await count();
    const map = (box) => box.label.includes("process");
    await clickBox(map, { double: true });
    assert.equal(await count(), before + 10);
    assert.match((await page.evaluate("window.terrace.boxes()")).map((box) => box.label).join(), /\[7\]/);
    await page.screenshot({ path: at("map-open.png") });
    await page.locator("#graph-close").click();
    assert.equal(await count(), before);
    await clickBox(map);
    await page.locator("#details-body button", { hasText: "Show what ran inside" }).click();
    assert.match(await note(), /^11 of 14 rows/);
    await check();
    const nested = await open(browser, example("nested"), { dark: true });
    const boxes = await nested.page.evaluate("window.terrace.boxes()");
    for (const box of boxes.filter((box) => box.label.includes("⊞"))) await nested.clickBox((one) => one.id === box.id, { double: true });
    assert.ok((await nested.page.evaluate("window.terrace.boxes()")).length > boxes.length);
    await nested.page.locator("#graph-fit").click();
    await nested.page.waitForTimeout(200);
    await nested.page.screenshot({ path: at("nested-dark.png") });
    await nested.check();
  });

  await test("edges run around boxes, opened ones too", async () => {
    for (const [name, options] of [["ways", { count: 60, wide: 6, long: 4, fails: false }], ["wide-ways", { count: 120, wide: 40, long: 1, fails: false }], ["many-ways", { count: 3000, wide: 50, long: 9, fails: false }]]) {
      const { page, check } = await open(browser, await generated(name, options));
      assert.ok((await page.evaluate("window.terrace.edges()")).some((edge) => edge.points.length > 2), "some pass levels");
      assert.deepEqual(await hidden(page), [], name);
      await page.screenshot({ path: at(`${name}.png`) });
      await check();
    }
    const { page, clickBox, check } = await open(browser, example("nested"));
    for (const box of (await page.evaluate("window.terrace.boxes()")).filter((box) => box.label.includes("⊞"))) await clickBox((one) => one.id === box.id, { double: true });
    assert.deepEqual(await hidden(page), []);
    await page.locator("#graph-fit").click();
    await page.screenshot({ path: at("opened.png") });
    await check();
  });

  await test("what a task gave to run in its place is shown in it", async () => {
    const { page, clickBox, details, check } = await open(browser, example("merge-sort"));
    const labels = async () => (await page.evaluate("window.terrace.boxes()")).map((box) => box.label).join();
    await clickBox((box) => box.label.includes("sorted") && !box.label.includes("is_sorted"), { double: true });
    assert.match(await labels(), /left\nmerge_sort/);
    await clickBox((box) => box.label.includes("right"), { double: true });
    assert.equal((await labels()).match(/merge\nmerge/g).length, 2);
    await page.locator("#details-body .link", { hasText: "sorted" }).first().click();
    assert.match(await details(), /^sorted\n/);
    // Who waits for others takes no thread.
    assert.match(await page.locator("#charts").innerText(), /tasks that compute: at most [0-2] of/);
    await page.screenshot({ path: at("given.png") });
    await check();
  });

  await test("ten nodes", async () => {
    const { rows, check } = await open(browser, await generated("ten", { count: 10, wide: 3, fails: false }));
    assert.equal((await rows()).length, 10);
    await check();
  });

  await test("ten thousand nodes: sorted, searched, filtered, by keyboard", async () => {
    const { page, rows, note, search, details, check } = await open(browser, await generated("ten-thousand", { count: 10_000 }));
    assert.match(await note(), /^10,000 of 10,000 rows/);
    assert.match((await rows())[0][0], /failed/, "failures come first");
    const head = (name) => page.locator(".rowhead button", { hasText: name });
    await head("took").click();
    const times = (await rows()).map((row) => row[6]);
    assert.deepEqual(times, [...times].sort((a, b) => parseFloat(b) - parseFloat(a)), "the longest first");
    await head("name").click();
    assert.equal((await rows())[0][1], "n0");
    await head("name").click();
    assert.equal((await rows())[0][1], "n9999");
    // Everything by keyboard.
    await page.locator("body").press("/");
    assert.equal(await page.evaluate("document.activeElement.id"), "search");
    await page.keyboard.type("n123 task3");
    await page.waitForTimeout(400);
    const found = (await rows()).map((row) => [row[1], row[2]]);
    assert.ok(found.length > 0 && found.every(([name, task]) => name.includes("n123") && task.includes("task3")), found);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    assert.equal(await page.evaluate("document.activeElement.dataset.at"), "1");
    await page.keyboard.press("Enter");
    assert.ok((await details()).startsWith(found[1][0]));
    await page.keyboard.press("End");
    assert.equal(await page.evaluate("document.activeElement.dataset.at"), String(found.length - 1));
    // Whoever does not wait selects from what was typed too.
    await search("");
    await page.locator("#search").focus();
    await page.keyboard.insertText("n4567");
    await page.keyboard.press("Enter");
    assert.ok((await details()).startsWith("n4567"));
    await search("");
    const failed = page.locator("#filters button", { hasText: "failed" });
    await failed.click();
    assert.ok((await rows()).every((row) => row[0].includes("failed")));
    assert.equal(await failed.getAttribute("aria-pressed"), "true");
    await page.screenshot({ path: at("ten-thousand.png"), fullPage: true });
    await check();
  });

  await test("what ran on a thread is selected there, and time is zoomed by keyboard", async () => {
    const { page, details, check } = await open(browser, at("ten.html"));
    const canvas = page.locator("#gantt");
    await canvas.scrollIntoViewIfNeeded();
    const box = await canvas.boundingBox();
    await page.mouse.click(box.x + 80, box.y + 24 + 10);
    assert.match(await details(), /^n\d/);
    await canvas.focus();
    const before = await canvas.screenshot();
    await page.keyboard.press("+");
    await page.waitForTimeout(200);
    assert.notDeepEqual(await canvas.screenshot(), before);
    await page.keyboard.press("0");
    await page.locator("#graph").focus();
    const boxes = await page.evaluate("window.terrace.boxes()");
    await page.keyboard.press("ArrowRight");
    const moved = await page.evaluate("window.terrace.boxes()");
    assert.equal(moved[0].at.x, boxes[0].at.x - 60);
    await check();
  });

  await test("a hundred thousand nodes are shown, found and opened", async () => {
    const file = await generated("hundred-thousand", { count: 100_000 });
    assert.ok(statSync(file).size < 20 << 20, `${statSync(file).size} bytes`);
    const { page, shown, seen, ready, note, search, rows, clickBox, details, check } = await open(browser, file);
    console.log(`   ${(statSync(file).size / 2 ** 20).toFixed(1)} MiB, shown after ${Math.round(shown)} ms, the graph seen after ${Math.round(seen)} ms, all of it there after ${Math.round(ready)} ms`);
    assert.match(await note(), /^100,000 of 100,000 rows/);
    await page.screenshot({ path: at("hundred-thousand.png"), fullPage: true });
    await search("n99999");
    assert.equal((await rows()).length, 1);
    await search("");
    const box = await clickBox((box) => box.label.includes("⊞"));
    assert.match(await details(), /Open in the graph/);
    const before = (await page.evaluate("window.terrace.boxes()")).length;
    await page.locator("#details-body button", { hasText: "Open in the graph" }).click();
    await page.waitForTimeout(300);
    assert.ok((await page.evaluate("window.terrace.boxes()")).length > before + 50, box.label);
    await page.screenshot({ path: at("hundred-thousand-open.png") });
    await check();
    const chain = await open(browser, await generated("chain", { count: 100_000, wide: 1, fails: false }));
    await chain.page.screenshot({ path: at("chain.png") });
    await chain.check();
  });

  await test("hostile texts are text", async () => {
    const file = await generated("hostile", { count: 40, wide: 9, hostile: true });
    for (const dark of [false, true]) {
      const { page, rows, details, search, check } = await open(browser, file, { dark });
      assert.equal(await page.evaluate("window.hostile"), undefined);
      assert.equal(await page.locator("script").count(), 4, "no script is added, and the columns are taken out");
      const shown = (text) => [...text].map((one) => (/[\u0000-\u0008\u000b-\u001f\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(one) ? "\\u" + one.charCodeAt(0).toString(16).padStart(4, "0") : one)).join("");
      const names = (await rows()).map((row) => row[1]);
      for (const text of HOSTILE) {
        const name = shown(text);
        assert.ok(names.some((one) => one === name || one === name.slice(0, 300) + "…"), name.slice(0, 80));
      }
      const count = await page.locator("#table .row").count();
      for (let at = 0; at < Math.min(count, HOSTILE.length + 4); at++) {
        await page.locator(`#table .row[data-at="${at}"]`).click();
        assert.ok((await details()).length > 0);
      }
      await search("</script>");
      assert.equal((await rows()).length, 1);
      assert.ok(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is wider than the page");
      await page.screenshot({ path: at(`hostile-${dark ? "dark" : "light"}.png`) });
      await check();
    }
  });

  await test("a record that breaks off says so at the top", async () => {
    const { page, check } = await open(browser, await generated("cut", { count: 300, cut: true }));
    assert.match(await page.locator("#cut").innerText(), /not whole: the record breaks off inside line \d+/);
    assert.equal(await page.locator("#status").innerText(), "no end on record");
    await page.screenshot({ path: at("cut.png") });
    await check();
  });

  await test("dark and light, on a phone", async () => {
    for (const dark of [false, true]) {
      const { page, rows, details, check } = await open(browser, at("ten-thousand.html"), { dark, width: 390, height: 844, touch: true });
      assert.ok(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is wider than the phone");
      assert.ok((await rows()).length > 5);
      await page.locator("#table .row").first().tap();
      assert.match(await details(), /^n\d/);
      await page.screenshot({ path: at(`phone-${dark ? "dark" : "light"}.png`), fullPage: true });
      const [text, ground] = await page.evaluate(() => ["--text", "--bg"].map((name) => getComputedStyle(document.documentElement).getPropertyValue(name)));
      assert.notEqual(text, ground);
      await check();
    }
  });
} finally {
  await browser.close();
}
