/** The client in other people's pages: as a frame, and as a custom element. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Gateway, LOSSLESS_SERVER } from "./lib/gateway.mjs";
import { gatherProblems, openBrowser, openPage, waitForPicture, waitForState } from "./lib/page.mjs";
import * as pictures from "./lib/pictures.mjs";
import { tigervnc } from "./lib/servers.mjs";
import { listen } from "./lib/sockets.mjs";
import { TEST_MAX_MS, until } from "./lib/wait.mjs";

const PACKAGE = fileURLToPath(new URL("../../web-client/dist/pkg/", import.meta.url));
const [WIDTH, HEIGHT] = [400, 300];
const PICTURE = pictures.desktop(WIDTH, HEIGHT);

/** Serves the pages of a portal, and the package as a bundler would. */
class Portal {
  /** @type {Map<string, string>} */
  #pages = new Map();
  #server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://portal").pathname;
    const module = /^\/pkg\/([\w-]+\.js)$/.exec(path)?.[1];
    const page = this.#pages.get(path);
    if (module !== undefined && existsSync(PACKAGE + module)) {
      response.setHeader("content-type", "text/javascript").end(readFileSync(PACKAGE + module));
    } else if (page !== undefined) {
      response.setHeader("content-type", "text/html; charset=utf-8").end(page);
    } else {
      response.writeHead(path === "/favicon.ico" ? 204 : 404).end();
    }
  });
  origin = "";

  async start() {
    this.origin = `http://127.0.0.1:${await listen(this.#server)}`;
  }

  /** Puts a page up and returns its address. */
  page(/** @type {string} */ path, /** @type {string} */ body) {
    const head = '<!doctype html><html lang="en"><title>Portal</title><style>body{margin:0}</style>';
    this.#pages.set(path, `${head}<body>${body}</body></html>`);
    return this.origin + path;
  }

  stop() {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

const portal = new Portal();
/** @type {import("./lib/servers.mjs").VncServer} */
let server;
/** One gateway for frames, which are pages of its own, and one for the portal's pages. */
/** @type {Gateway} */
let framed;
/** @type {Gateway} */
let open;
/** @type {import("playwright-core").Browser} */
let browser;

before(async () => {
  await portal.start();
  server = await tigervnc(`${WIDTH}x${HEIGHT}`);
  await server.display.paint(PICTURE);
  const desktop = { port: server.port, more: LOSSLESS_SERVER };
  framed = await Gateway.start({ desktop }, { server: `frame_ancestors = ["self", "${portal.origin}"]` });
  open = await Gateway.start({ desktop }, { server: `allowed_origins = ["${portal.origin}"]` });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await framed?.stop();
  await open?.stop();
  await server?.stop();
  portal.stop();
});

/** What the browser shows at a place of the page. */
async function shown(
  /** @type {import("playwright-core").Page} */ page,
  /** @type {{ x: number, y: number, width: number, height: number }} */ clip,
) {
  const png = (await page.screenshot({ clip })).toString("base64");
  const rgba = await page.evaluate(async (data) => {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }), { colorSpaceConversion: "none" });
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    context?.drawImage(bitmap, 0, 0);
    return [...(context?.getImageData(0, 0, bitmap.width, bitmap.height).data ?? [])];
  }, png);
  return Buffer.from(rgba.filter((_, at) => at % 4 !== 3));
}

/** @param {import("playwright-core").Page} page */
async function frameOf(page) {
  const frame = await (await page.waitForSelector("iframe")).contentFrame();
  return frame ?? assert.fail("the frame has no content");
}

test("a bare frame shows the remote's first pixel at its own first pixel", { timeout: TEST_MAX_MS }, async () => {
  const link = framed.link(framed.token(), "bare&scale=native");
  const style = `border:0;display:block;width:${WIDTH}px;height:${HEIGHT}px`;
  const address = portal.page("/frame", `<iframe style="${style}" src="${link}" allow="clipboard-read; clipboard-write"></iframe>`);
  const { page, context } = await openPage(browser, address);
  const frame = await frameOf(page);
  await waitForState(frame, "connected");
  await waitForPicture(frame, PICTURE);
  const clip = { x: 0, y: 0, width: WIDTH, height: HEIGHT };
  await until("picture on the page", async () => (await shown(page, clip)).equals(PICTURE.rgb));
  await context.close();
});

test("a frame takes keys and clicks", { timeout: TEST_MAX_MS }, async () => {
  const recorder = await server.display.recorder(`${WIDTH}x${HEIGHT}`);
  const link = framed.link(framed.token(), "bare&scale=native");
  const style = `border:0;position:absolute;left:50px;top:70px;width:${WIDTH}px;height:${HEIGHT}px`;
  const { page, context } = await openPage(browser, portal.page("/input", `<iframe style="${style}" src="${link}"></iframe>`));
  await waitForState(await frameOf(page), "connected");
  await page.mouse.click(50 + 123, 70 + 45);
  const { x, y } = await recorder.next(({ kind }) => kind === "Button Release");
  assert.deepEqual([x, y], [123, 45]);
  await page.keyboard.press("q");
  await recorder.next(({ kind, keysym }) => kind === "Key Release" && keysym === "q");
  await context.close();
  await recorder.stop();
});

test("pages that may not frame the client see nothing of it", { timeout: TEST_MAX_MS }, async () => {
  const before = open.sessionsOpened;
  const { page, context } = await openPage(browser, "about:blank");
  const problems = gatherProblems(page);
  await page.goto(portal.page("/forbidden", `<iframe src="${open.link(open.token())}"></iframe>`));
  await until("refusal", () => problems.some((text) => text.includes("frame-ancestors")), () => problems.join("\n"));
  assert.equal(open.sessionsOpened, before);
  await context.close();
});

/** @param {Gateway} gateway @param {string} [more] attributes */
function element(gateway, more = "") {
  return `<script type="module" src="/pkg/element.js"></script>
    <porthole-screen id="screen" style="width:${WIDTH}px;height:${HEIGHT}px" scale="native" bare
      url="${gateway.origin}/link" token="${gateway.token()}" ${more}></porthole-screen>`;
}

for (const [name, more] of /** @type {const} */ ([["in a worker", ""], ["on the page's thread", 'worker-url="/pkg/missing.js"']])) {
  test(`the element draws ${name}`, { timeout: TEST_MAX_MS }, async () => {
    const { page, context } = await openPage(browser, portal.page(`/element-${more.length}`, element(open, more)));
    await waitForState(page, "connected");
    assert.equal(page.workers().length, more === "" ? 1 : 0);
    await waitForPicture(page, PICTURE);
    const screens = () => page.evaluate(() => {
      const element = /** @type {HTMLElement & { screens: readonly { width: number, height: number }[] }} */ (document.querySelector("#screen"));
      return element.screens.map(({ width, height }) => [width, height]);
    });
    await until("the remote's one screen", async () => JSON.stringify(await screens()) === JSON.stringify([[WIDTH, HEIGHT]]));
    const next = pictures.photo(WIDTH, HEIGHT);
    await server.display.paint(next);
    await waitForPicture(page, next);
    await server.display.paint(PICTURE);
    await waitForPicture(page, PICTURE);
    await context.close();
  });
}

test("the module connects, tells its states and leaves", { timeout: TEST_MAX_MS }, async () => {
  const body = `<div id="screen" style="width:${WIDTH}px;height:${HEIGHT}px"></div>`;
  const { page, context } = await openPage(browser, portal.page("/module", body));
  const module = /** @type {string} */ ("/pkg/index.js");
  const states = await page.evaluateHandle(async ({ module, url, token }) => {
    const { connect } = await import(module);
    /** @type {string[]} */
    const states = [];
    const connection = connect(document.querySelector("#screen"), { url, token, scale: "native", bare: true });
    connection.addEventListener("state", (/** @type {CustomEvent} */ event) => {
      states.push(event.detail.state);
      if (event.detail.state === "connected") {
        connection.disconnect();
      }
    });
    return states;
  }, { module, url: `${open.origin}/link`, token: open.token() });
  await waitForState(page, "closed");
  assert.deepEqual((await states.jsonValue()).filter((state) => state !== "connecting"), ["connected", "closed"]);
  await context.close();
});

test("pages of other origins open nothing", { timeout: TEST_MAX_MS }, async () => {
  const before = framed.sessionsOpened;
  const { page, context } = await openPage(browser, portal.page("/stranger", element(framed)));
  assert.deepEqual(await waitForState(page, "failed"), { state: "failed", cause: "gateway_unreachable" });
  assert.equal(framed.sessionsOpened, before);
  assert.ok(framed.records().some(({ message, cause }) => message === "link refused" && cause === "origin"));
  assert.deepEqual(framed.faults(), []);
  await context.close();
});
