/** What is on the remote's screen is on the canvas, pixel for pixel. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Gateway, LOSSLESS_SERVER } from "./lib/gateway.mjs";
import { openBrowser, openPage, waitForPicture, waitForState } from "./lib/page.mjs";
import * as pictures from "./lib/pictures.mjs";
import { tigervnc, tightvnc, x11vnc } from "./lib/servers.mjs";
import { TEST_MAX_MS } from "./lib/wait.mjs";

const [WIDTH, HEIGHT] = [800, 600];
const SCENES = /** @type {const} */ (["text", "gradient", "noise", "photo", "desktop"]);
const KINDS = { tigervnc, x11vnc, tightvnc };
/** How connections of one server differ, in lines of TOML. */
const WAYS = {
  // The server may send JPEG, and the gateway may too.
  usual: "",
  // Only the gateway may lose, while the picture moves.
  moving: LOSSLESS_SERVER,
  lossless: "parameters.force-lossless = true",
};

/** @type {Record<string, import("./lib/servers.mjs").VncServer>} */
const servers = {};
/** @type {Gateway} */
let gateway;
/** @type {import("playwright-core").Browser} */
let browser;

before(async () => {
  /** @type {Record<string, { port: number, more: string }>} */
  const connections = {};
  await Promise.all(Object.entries(KINDS).map(async ([kind, start]) => {
    const server = await start(`${WIDTH}x${HEIGHT}`);
    servers[kind] = server;
    for (const [way, more] of Object.entries(WAYS)) {
      connections[`${kind}-${way}`] = { port: server.port, more };
    }
  }));
  servers["odd"] = await tigervnc("803x601");
  connections["odd"] = { port: servers["odd"].port, more: LOSSLESS_SERVER };
  gateway = await Gateway.start(connections);
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await gateway?.stop();
  await Promise.all(Object.values(servers).map((server) => server.stop()));
});

/**
 * Paints each scene on the server and waits until the canvas has it exactly.
 *
 * @param {{ server: string, connection: string, width?: number, height?: number, query?: string }} wishes
 */
async function showScenes({ server, connection, width = WIDTH, height = HEIGHT, query = "" }) {
  const { display } = servers[server] ?? assert.fail(server);
  // The first is there before the browser comes, the others replace it.
  await display.paint(pictures.text(width, height));
  const link = gateway.link(gateway.token({ connection }), `bare&scale=native${query}`);
  const { page, context } = await openPage(browser, link);
  await waitForState(page, "connected");
  for (const scene of SCENES) {
    const picture = pictures[scene](width, height);
    await display.paint(picture);
    await waitForPicture(page, picture);
  }
  await context.close();
}

for (const server of Object.keys(KINDS)) {
  for (const way of Object.keys(WAYS)) {
    test(`${server}, ${way}: each picture arrives exactly`, { timeout: TEST_MAX_MS }, async () => {
      await showScenes({ server, connection: `${server}-${way}` });
    });
  }
}

test("a size that is no multiple of anything", { timeout: TEST_MAX_MS }, async () => {
  await showScenes({ server: "odd", connection: "odd", width: 803, height: 601 });
});

for (const quality of ["exact", "sparing"]) {
  test(`quality ${quality}: exact at rest`, { timeout: TEST_MAX_MS }, async () => {
    await showScenes({ server: "tigervnc", connection: "tigervnc-moving", query: `&quality=${quality}` });
  });
}
