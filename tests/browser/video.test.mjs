/** The remote's own video goes through to the browser's decoder. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FilmServer, crop, filmed } from "./lib/film.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { grabCanvas, openBrowser, openPage, waitForPicture, waitForState } from "./lib/page.mjs";
import * as pictures from "./lib/pictures.mjs";
import { Wire } from "./lib/sockets.mjs";
import { TEST_MAX_MS, until } from "./lib/wait.mjs";

const GROUND = pictures.desktop(640, 400);
const PLACE = { x: 101, y: 60 };
const FILM = filmed(320, 240, 24);
/** What the film must look like at least, in decibels. The colours of a decoder that took it for BT.601 give 25. */
const PSNR_MIN = 32;

/** @type {FilmServer} */
let server;
/** @type {Gateway} */
let gateway;
/** @type {Wire} */
let wire;
let origin = "";
/** @type {import("playwright-core").Browser} */
let browser;

before(async () => {
  server = await FilmServer.start(GROUND, PLACE, FILM);
  const { port } = server;
  gateway = await Gateway.start({
    desktop: { port, more: 'parameters.encodings = "h264 raw"' },
    lossless: { port, more: 'parameters.encodings = "h264 raw"\nparameters.force-lossless = true' },
  });
  wire = new Wire(gateway.port);
  origin = `http://127.0.0.1:${await wire.listen()}`;
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  wire?.stop();
  await gateway?.stop();
  server?.stop();
});

/**
 * Waits until the canvas shows what the server does: the film nearly, and all else exactly.
 *
 * @param {import("playwright-core").Page} page
 */
async function waitForFilm(page) {
  let last = "";
  await until("picture of the film", async () => {
    const { width, height, rgb, isFilm } = server.expected();
    const canvas = await grabCanvas(page);
    if (canvas === null || canvas.width !== width || canvas.height !== height) {
      last = "no canvas";
      return false;
    }
    let [wrong, squares, count] = [0, 0, 0];
    isFilm.forEach((film, pixel) => {
      for (let at = 3 * pixel; at < 3 * pixel + 3; at++) {
        const difference = (canvas.rgb[at] ?? 0) - (rgb[at] ?? 0);
        wrong += film === 0 && difference !== 0 ? 1 : 0;
        squares += film * difference * difference;
        count += film;
      }
    });
    const psnr = 10 * Math.log10((255 * 255) / (squares / count));
    last = `${wrong} components beside the film differ, the film has ${psnr.toFixed(1)} dB`;
    return wrong === 0 && psnr >= PSNR_MIN;
  }, () => last);
}

/** @param {string} [connection] */
async function open(connection = "desktop") {
  const link = gateway.link(gateway.token({ connection }), "bare&scale=native", origin);
  const opened = await openPage(browser, link);
  await waitForState(opened.page, "connected");
  return opened;
}

test("a film, what lies beneath it and what lies upon it", { timeout: TEST_MAX_MS }, async () => {
  const { page, context, problems } = await open();
  await until("wish for video", () => server.hasVideo);
  await server.play(8);
  await waitForFilm(page);
  // Once drawn upon it, and then beneath each picture and upon it in the same update.
  const rect = { x: 150, y: 250, width: 200, height: 90 };
  server.title(rect, crop(pictures.text(640, 400), rect));
  await waitForFilm(page);
  await server.play(8);
  await waitForFilm(page);
  assert.equal(server.begun, 1, "the decoder went on from picture to picture");
  assert.deepEqual(problems, []);
  await context.close();
});

test("whoever comes back while the film stands still sees it", { timeout: TEST_MAX_MS }, async () => {
  const { page, context } = await open();
  await until("wish for video", () => server.hasVideo);
  await server.play(3);
  await waitForFilm(page);
  const { begun } = server;
  wire.cut();
  await waitForState(page, "reconnecting");
  wire.mend();
  await waitForState(page, "connected");
  await until("new beginning", () => server.begun > begun);
  await waitForFilm(page);
  await page.reload();
  await waitForState(page, "connected");
  await waitForFilm(page);
  await server.play(2);
  await waitForFilm(page);
  assert.ok(server.hasVideo);
  await context.close();
});

test("a browser without a decoder gets pixels", { timeout: TEST_MAX_MS }, async () => {
  const context = await browser.newContext({ viewport: { width: 800, height: 600 } });
  // Without workers the engine runs on the page, where a test can take the decoder away.
  await context.addInitScript(() => {
    Reflect.deleteProperty(globalThis, "Worker");
    Reflect.deleteProperty(globalThis, "VideoDecoder");
  });
  const page = await context.newPage();
  await page.goto(gateway.link(gateway.token(), "bare&scale=native", origin));
  await waitForState(page, "connected");
  await server.play(3);
  await waitForPicture(page, server.expected());
  assert.ok(!server.hasVideo);
  await context.close();
});

test("a connection without loss has no video", { timeout: TEST_MAX_MS }, async () => {
  const { page, context } = await open("lossless");
  await server.play(2);
  await waitForPicture(page, server.expected());
  assert.ok(!server.hasVideo);
  assert.deepEqual(gateway.faults(), []);
  await context.close();
});
