/** A remote with several screens: all of them, or one alone, with clicks at the right pixel. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Gateway, LOSSLESS_SERVER } from "./lib/gateway.mjs";
import { canvasBox, openBrowser, openPage, waitForState } from "./lib/page.mjs";
import { layScreens } from "./lib/screens.mjs";
import { tigervnc } from "./lib/servers.mjs";
import { TEST_MAX_MS, until } from "./lib/wait.mjs";

const SIZE = [800, 600];
const LEFT = { id: 1, x: 0, y: 0, width: 300, height: 600 };
const RIGHT = { id: 2, x: 300, y: 100, width: 500, height: 400 };

/** @type {import("./lib/servers.mjs").VncServer} */
let server;
/** @type {Gateway} */
let gateway;
/** @type {import("playwright-core").Browser} */
let browser;

before(async () => {
  server = await tigervnc("800x600");
  await layScreens(server.port, SIZE[0] ?? 0, SIZE[1] ?? 0, [LEFT, RIGHT]);
  gateway = await Gateway.start({ desktop: { port: server.port, more: LOSSLESS_SERVER } });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await gateway?.stop();
  await server?.stop();
});

/** What of the canvas is shown, in the page. @param {import("playwright-core").Page} page */
function shownBox(page) {
  return page.evaluate(() => {
    const box = document.querySelector("#screen .porthole-host")?.shadowRoot?.querySelector(".frame")?.getBoundingClientRect();
    return { x: box?.x ?? 0, y: box?.y ?? 0, width: box?.width ?? 0, height: box?.height ?? 0 };
  });
}

test("a person shows one screen alone, and clicks land on it", { timeout: TEST_MAX_MS }, async () => {
  const recorder = await server.display.recorder("800x600");
  const { page, context } = await openPage(browser, gateway.link(gateway.token(), "scale=fit"), { viewport: { width: 1000, height: 700 } });
  await waitForState(page, "connected");
  await page.locator(".toolbar .handle").click();
  await page.locator(".toolbar").getByRole("button", { name: "Display" }).click();
  await page.getByLabel("2: 500 × 400").check();
  await until("the screen alone", async () => Math.abs((await shownBox(page)).width - 875) < 1, async () => JSON.stringify(await shownBox(page)));
  await page.keyboard.press("Escape");

  const shown = await shownBox(page);
  assert.ok(Math.abs(shown.height - 700) < 1, JSON.stringify(shown));
  const whole = await canvasBox(page);
  assert.ok(Math.abs(whole.width - 800 * 1.75) < 1, JSON.stringify(whole));
  const spot = (/** @type {number} */ x, /** @type {number} */ y) => [
    shown.x + ((x - RIGHT.x + 0.5) * shown.width) / RIGHT.width,
    shown.y + ((y - RIGHT.y + 0.5) * shown.height) / RIGHT.height,
  ];
  for (const [x, y] of /** @type {const} */ ([[300, 100], [799, 499], [555, 333]])) {
    recorder.clear();
    const [atX = 0, atY = 0] = spot(x, y);
    await page.mouse.click(atX, atY);
    const pressed = await recorder.next(({ kind }) => kind === "Button Press");
    assert.deepEqual([pressed.x, pressed.y], [x, y]);
  }
  // Beside the screen is its edge, and not the screen next to it.
  recorder.clear();
  await page.mouse.click(shown.x - 20, (spot(300, 250)[1] ?? 0));
  const pressed = await recorder.next(({ kind }) => kind === "Button Press");
  assert.deepEqual([pressed.x, pressed.y], [300, 250]);

  await page.locator(".toolbar .handle").click();
  await page.getByRole("button", { name: "Display" }).click();
  await page.getByLabel("All", { exact: true }).check();
  await until("all screens", async () => Math.abs((await shownBox(page)).width - (700 * 800) / 600) < 1);
  await context.close();
  await recorder.stop();
});
