/** What a terminal in the page shows. It is drawn with elements here, whose text can be read. */

import { until } from "./wait.mjs";

/** For the browser's command line: no graphics processor, and so elements. */
export const TERMINAL_FLAGS = ["--disable-3d-apis"];

/** Its rows. @param {import("playwright-core").Page} page @returns {Promise<string[]>} */
export function terminalRows(page) {
  return page.evaluate(() => {
    const root = document.querySelector("#screen > div")?.shadowRoot;
    return [...(root?.querySelectorAll(".xterm-rows > div") ?? [])].map((row) => (row.textContent ?? "").replaceAll("\u00a0", " ").trimEnd());
  });
}

/**
 * Waits until its text is as wanted, and returns its rows.
 *
 * @param {import("playwright-core").Page} page
 * @param {string | RegExp} wanted a part of the text, or what it must match; rows end with line feeds
 */
export async function waitForText(page, wanted) {
  /** @type {string[]} */
  let rows = [];
  await until(`text ${String(wanted)}`, async () => {
    rows = await terminalRows(page);
    const text = rows.join("\n");
    return typeof wanted === "string" ? text.includes(wanted) : wanted.test(text);
  }, () => rows.join("\n"));
  return rows;
}
