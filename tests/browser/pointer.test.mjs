/** Pointers and fingers arrive at the right pixel of the remote. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { canvasBox } from "./lib/page.mjs";
import { scene } from "./lib/scene.mjs";
import { TEST_MAX_MS } from "./lib/wait.mjs";

const [WIDTH, HEIGHT] = [803, 601];
const remote = scene({ geometry: `${WIDTH}x${HEIGHT}` });

/**
 * Opens a page over a window that records buttons.
 *
 * @param {string} query
 * @param {import("playwright-core").BrowserContextOptions} [options]
 */
async function open(query, options) {
  const recorder = await remote.display.recorder(`${WIDTH}x${HEIGHT}`);
  const { page, context } = await remote.open(query, options);
  const box = await canvasBox(page);
  return {
    page,
    context,
    recorder,
    box,
    /** The middle of a remote pixel, in the page. */
    spot: (/** @type {number} */ x, /** @type {number} */ y) => ({
      x: box.x + ((x + 0.5) * box.width) / WIDTH,
      y: box.y + ((y + 0.5) * box.height) / HEIGHT,
    }),
    close: async () => {
      await context.close();
      await recorder.stop();
    },
  };
}

const LAYOUTS = {
  "actual size": { query: "bare&scale=native", options: { viewport: { width: 900, height: 700 } } },
  "fit, smaller": { query: "scale=fit", options: { viewport: { width: 500, height: 620 } } },
  "fit, larger, two device pixels each": { query: "scale=fit", options: { viewport: { width: 1000, height: 640 }, deviceScaleFactor: 2 } },
  "fit, one and a half device pixels each": { query: "scale=fit", options: { viewport: { width: 620, height: 620 }, deviceScaleFactor: 1.5 } },
};

for (const [name, { query, options }] of Object.entries(LAYOUTS)) {
  test(`clicks land where they are aimed: ${name}`, { timeout: TEST_MAX_MS }, async () => {
    const { page, recorder, spot, close } = await open(query, options);
    for (const [x, y] of /** @type {const} */ ([[0, HEIGHT - 1], [WIDTH - 1, HEIGHT - 1], [401, 300], [17, 533], [640, 120]])) {
      recorder.clear();
      const { x: left, y: top } = spot(x, y);
      await page.mouse.click(left, top);
      await recorder.next(({ kind }) => kind === "Button Release");
      assert.deepEqual(
        recorder.events().map((event) => [event.kind, event.button, event.x, event.y]),
        [["Button Press", 1, x, y], ["Button Release", 1, x, y]],
      );
    }
    await close();
  });
}

test("each button is its own", { timeout: TEST_MAX_MS }, async () => {
  const { page, recorder, spot, close } = await open("bare&scale=native");
  const { x, y } = spot(300, 200);
  for (const [button, number] of /** @type {const} */ ([["left", 1], ["middle", 2], ["right", 3]])) {
    recorder.clear();
    await page.mouse.click(x, y, { button });
    await recorder.next((event) => event.kind === "Button Release" && event.button === number);
    assert.deepEqual(recorder.events().map((event) => event.button), [number, number]);
  }
  await close();
});

test("a drag holds its button from its start to its end", { timeout: TEST_MAX_MS }, async () => {
  const { page, recorder, spot, close } = await open("bare&scale=native");
  const [from, to] = [spot(100, 100), spot(420, 333)];
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps: 20 });
  await page.mouse.up();
  const press = await recorder.next(({ kind }) => kind === "Button Press");
  const release = await recorder.next(({ kind }) => kind === "Button Release");
  assert.deepEqual([press.x, press.y, release.x, release.y], [100, 100, 420, 333]);
  await close();
});

test("the wheel turns in all directions", { timeout: TEST_MAX_MS }, async () => {
  const { page, recorder, spot, close } = await open("bare&scale=native");
  const { x, y } = spot(222, 111);
  await page.mouse.move(x, y);
  for (const [dx, dy, button] of /** @type {const} */ ([[0, 100, 5], [0, -100, 4], [100, 0, 7], [-100, 0, 6]])) {
    recorder.clear();
    await page.mouse.wheel(dx, dy);
    const event = await recorder.next(({ kind }) => kind === "Button Release");
    assert.deepEqual([event.button, event.x, event.y], [button, 222, 111]);
  }
  recorder.clear();
  await page.mouse.wheel(0, 300);
  await recorder.next(() => recorder.events().filter(({ kind }) => kind === "Button Release").length >= 3);
  assert.deepEqual(recorder.events().map(({ button }) => button), [5, 5, 5, 5, 5, 5]);
  await close();
});

/** Opens a page on a screen for fingers. */
async function openTouch() {
  const opened = await open("scale=fit", { viewport: { width: 500, height: 620 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
  const cdp = await opened.context.newCDPSession(opened.page);
  /**
   * @param {"touchStart" | "touchMove" | "touchEnd"} type
   * @param {readonly { x: number, y: number }[]} places
   */
  const touch = (type, ...places) =>
    cdp.send("Input.dispatchTouchEvent", { type, touchPoints: places.map(({ x, y }, id) => ({ x, y, id })) });
  return { ...opened, touch };
}

test("a tap clicks", { timeout: TEST_MAX_MS }, async () => {
  const { recorder, spot, touch, close } = await openTouch();
  // Without a wait between them: a machine that is busy would make it a long press.
  await Promise.all([touch("touchStart", spot(350, 260)), touch("touchEnd")]);
  await recorder.next(({ kind }) => kind === "Button Release");
  const events = recorder.events().map(({ kind, button, x, y }) => [kind, button, x, y]);
  assert.deepEqual(events, [["Button Press", 1, 350, 260], ["Button Release", 1, 350, 260]]);
  await close();
});

test("a long press clicks right", { timeout: TEST_MAX_MS }, async () => {
  const { recorder, spot, touch, close } = await openTouch();
  await touch("touchStart", spot(123, 456));
  await recorder.next(({ kind, button }) => kind === "Button Release" && button === 3);
  await touch("touchEnd");
  const events = recorder.events().map(({ kind, button, x, y }) => [kind, button, x, y]);
  assert.deepEqual(events, [["Button Press", 3, 123, 456], ["Button Release", 3, 123, 456]]);
  await close();
});

test("one finger drags", { timeout: TEST_MAX_MS }, async () => {
  const { recorder, spot, touch, close } = await openTouch();
  const places = [50, 200, 300, 400].map((x) => spot(x, x));
  await Promise.all([touch("touchStart", ...places.slice(0, 1)), ...places.slice(1).map((place) => touch("touchMove", place)), touch("touchEnd")]);
  const press = await recorder.next(({ kind }) => kind === "Button Press");
  const release = await recorder.next(({ kind }) => kind === "Button Release");
  assert.deepEqual([press.button, press.x, press.y, release.x, release.y], [1, 50, 50, 400, 400]);
  await close();
});

test("two fingers scroll, and the content follows them", { timeout: TEST_MAX_MS }, async () => {
  const { recorder, touch, box, close } = await openTouch();
  const fingers = (/** @type {number} */ y) => [{ x: box.x + 150, y: box.y + y }, { x: box.x + 250, y: box.y + y }];
  for (const [from, step, button] of /** @type {const} */ ([[300, -8, 5], [60, 8, 4]])) {
    recorder.clear();
    await touch("touchStart", ...fingers(from));
    // Small steps, one after the other: fingers that jump apart between two events zoom.
    for (let moved = 1; moved <= 20; moved++) {
      await touch("touchMove", ...fingers(from + moved * step));
    }
    await recorder.next(({ kind }) => kind === "Button Release");
    await touch("touchEnd");
    assert.deepEqual([...new Set(recorder.events().map((event) => event.button))], [button]);
  }
  await close();
});
