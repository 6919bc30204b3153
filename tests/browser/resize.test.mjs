/** The remote's desktop follows the browser's window. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { canvasBox, openBrowser, openPage, waitForDisplay, waitForState, watchStates } from "./lib/page.mjs";
import * as pictures from "./lib/pictures.mjs";
import { scene } from "./lib/scene.mjs";
import { TEST_MAX_MS, until } from "./lib/wait.mjs";

const remote = scene({ geometry: "640x480" });

/** @param {string} wanted */
function desktopIs(wanted) {
  return until(`desktop of ${wanted}`, async () => (await remote.display.size()) === wanted, () => remote.display.size());
}

test("the desktop takes the window's size, at first and later", { timeout: TEST_MAX_MS }, async () => {
  const { display } = remote;
  const { page, context } = await remote.open("scale=remote", { viewport: { width: 900, height: 650 } });
  const states = await watchStates(page);
  await desktopIs("900x650");
  for (const [width, height] of /** @type {const} */ ([[1111, 701], [500, 620], [1024, 768]])) {
    await page.setViewportSize({ width, height });
    await desktopIs(`${width}x${height}`);
    await display.paint(pictures.desktop(width, height));
    await waitForDisplay(page, display);
  }
  await waitForState(page, "connected");
  assert.deepEqual((await states()).filter((state) => state !== "connected"), []);
  await context.close();
});

test("many changes in a row end with the last", { timeout: TEST_MAX_MS }, async () => {
  const { page, context } = await remote.open("scale=remote", { viewport: { width: 700, height: 500 } });
  for (let step = 0; step <= 20; step++) {
    await page.setViewportSize({ width: 700 + 10 * step, height: 500 + 5 * step });
  }
  await desktopIs("900x600");
  await remote.display.paint(pictures.photo(900, 600));
  await waitForDisplay(page, remote.display);
  await context.close();
});

test("two device pixels for each CSS pixel", { timeout: TEST_MAX_MS }, async () => {
  // An emulated ratio would not reach the box that the client measures.
  const browser = await openBrowser(["--force-device-scale-factor=2", "--window-size=600,500"]);
  try {
    const { gateway, display } = remote;
    const { page } = await openPage(browser, gateway.link(gateway.token(), "scale=remote"), { viewport: null });
    await waitForState(page, "connected");
    const [width, height] = await page.evaluate(() => /** @type {const} */ ([2 * innerWidth, 2 * innerHeight]));
    assert.equal(await page.evaluate(() => devicePixelRatio), 2);
    await desktopIs(`${width}x${height}`);
    await display.paint(pictures.text(width, height));
    await waitForDisplay(page, display);
    const box = await canvasBox(page);
    assert.deepEqual([2 * box.width, 2 * box.height], [width, height], "each remote pixel is one device pixel");
  } finally {
    await browser.close();
  }
});

test("a change on the remote's own side arrives", { timeout: TEST_MAX_MS }, async () => {
  const { display } = remote;
  const { page, context } = await remote.open("bare&scale=native");
  await display.run("xrandr", ["-s", "800x600"]);
  await desktopIs("800x600");
  await display.paint(pictures.gradient(800, 600));
  await waitForDisplay(page, display);
  await context.close();
});
