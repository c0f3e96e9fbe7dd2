// A browser for tests: every page that it opens is watched for errors and for anything it asks for.

import { chromium } from "playwright-core";
import assert from "node:assert/strict";

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });

/** Opens a report and waits until it is shown; `check` fails on what it must not have done. */
export const open = async (browser, file, { dark = false, width = 1400, height = 1000, touch = false } = {}) => {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light", hasTouch: touch, isMobile: touch });
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && wrong.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => wrong.push(`dialog: ${dialog.message()}`));
  let first = true;
  page.on("request", (request) => {
    if (!first) wrong.push(`request: ${request.url().slice(0, 120)}`);
    first = false;
  });
  await page.goto(`file://${file}`, { waitUntil: "load" });
  await page.waitForFunction("window.terrace", null, { timeout: 60_000 });
  const { shown, seen, ready } = await page.evaluate("({ shown: window.terrace.shown, seen: window.terrace.seen, ready: window.terrace.ready })");
  return {
    page,
    shown,
    seen,
    ready,
    details: () => page.locator("#details-body").innerText(),
    rows: () => page.locator("#table .row").evaluateAll((rows) => rows
      .sort((a, b) => a.dataset.at - b.dataset.at)
      .map((row) => [...row.children].map((cell) => cell.textContent))),
    note: () => page.locator("#table-note").innerText(),
    /** Searches, and waits until the table has followed. */
    search: async (text) => {
      await page.fill("#search", text);
      await page.waitForTimeout(400);
    },
    /** Clicks on the box of the graph with an id, or on the first for which `test` holds. */
    clickBox: async (test, options = {}) => {
      const boxes = await page.evaluate("window.terrace.boxes()");
      const box = boxes.find(test);
      assert.ok(box, `no such box among ${JSON.stringify(boxes.slice(0, 5))}`);
      await page.locator("#graph").scrollIntoViewIfNeeded();
      const graph = await page.locator("#graph").boundingBox();
      const at = [graph.x + box.at.x, graph.y + box.at.y];
      if (options.double) await page.mouse.dblclick(...at, { delay: 20 });
      else await page.mouse.click(...at);
      await page.waitForTimeout(400);
      return box;
    },
    check: async () => {
      assert.deepEqual(wrong, []);
      await context.close();
    },
  };
};
