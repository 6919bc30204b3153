/** A session outlives the network, and the page. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { canvasBox, openPage, waitForDisplay, waitForState, watchStates } from "./lib/page.mjs";
import * as pictures from "./lib/pictures.mjs";
import { scene } from "./lib/scene.mjs";
import { Wire } from "./lib/sockets.mjs";
import { TEST_MAX_MS, until } from "./lib/wait.mjs";

/** @type {Wire} */
let wire;
let origin = "";
const remote = scene({
  ready: async ({ gateway }) => {
    wire = new Wire(gateway.port);
    origin = `http://127.0.0.1:${await wire.listen()}`;
  },
});

after(() => {
  wire?.stop();
});

let moves = 0;

/**
 * Moves the pointer to another place than before, and returns that. Xvnc rounds some places down, but not these.
 *
 * @param {import("playwright-core").Page} page
 */
async function movePointer(page) {
  moves += 1;
  const x = moves % 2 === 0 ? 204 : 208;
  await page.mouse.move(x, 200);
  return `x:${x} y:200`;
}

/** Waits until the remote has its pointer at such a place. */
function pointerAt(/** @type {string} */ place) {
  const where = () => remote.display.run("xdotool", ["getmouselocation"]);
  return until(`pointer at ${place}`, async () => (await where()).startsWith(`${place} `), where);
}

/**
 * Makes the pointer this page's own: TigerVNC paints one that another client has put there into the picture, and takes it
 * away with the first change after this client has moved it.
 *
 * @param {import("playwright-core").Page} page
 */
async function takePointer(page) {
  await pointerAt(await movePointer(page));
}

/** Opens a page whose network can be cut, beside a terminal that writes what is typed into a file. */
async function open() {
  const { display, gateway, browser } = remote;
  await display.paint(pictures.desktop(800, 600));
  const path = display.file(`typed-${Math.random()}`);
  const terminal = await display.terminal(`exec cat > '${path}'`);
  const before = gateway.sessionsOpened;
  const { page, context } = await openPage(browser, gateway.link(gateway.token(), "scale=native", origin));
  await waitForState(page, "connected");
  // The keyboard belongs to the window under the pointer.
  await takePointer(page);
  return {
    page,
    path,
    sessions: () => gateway.sessionsOpened - before,
    close: async () => {
      await context.close();
      await terminal.stop();
    },
  };
}

test("a cut wire, and the same session after it", { timeout: TEST_MAX_MS }, async () => {
  const { page, path, sessions, close } = await open();
  await page.keyboard.type("before ");
  await waitForDisplay(page, remote.display);
  const states = await watchStates(page);

  wire.cut();
  await waitForState(page, "reconnecting");
  await page.getByText("Connection lost. Reconnecting…").waitFor();
  const refused = wire.refused;
  await until("second attempt", () => wire.refused > refused);
  // The remote goes on meanwhile.
  await remote.display.paint(pictures.photo(800, 600));
  wire.mend();

  await waitForState(page, "connected");
  await page.getByText("Connection lost. Reconnecting…").waitFor({ state: "hidden" });
  await waitForDisplay(page, remote.display);
  await page.keyboard.type("after\n");
  await until("typed text", () => remote.display.read(path) === "before after\n");
  assert.equal(sessions(), 1);
  assert.deepEqual([...new Set(await states())], ["reconnecting", "connected"]);
  await close();
});

test("a cut wire after a new size", { timeout: TEST_MAX_MS }, async () => {
  const { gateway, browser, display } = remote;
  const before = gateway.sessionsOpened;
  const { page, context } = await openPage(browser, gateway.link(gateway.token(), "scale=remote", origin));
  await waitForState(page, "connected");
  await page.setViewportSize({ width: 700, height: 500 });
  await until("new size", async () => (await display.size()) === "700x500");
  const states = await watchStates(page);
  wire.cut();
  await page.setViewportSize({ width: 800, height: 600 });
  wire.mend();
  await until("reconnection", async () => (await states()).join() === "reconnecting,connected", states);
  await until("newest size", async () => (await display.size()) === "800x600");
  await until("newest size on the page", async () => (await canvasBox(page)).width === 800);
  await takePointer(page);
  await display.paint(pictures.text(800, 600));
  await waitForDisplay(page, display);
  assert.equal(gateway.sessionsOpened - before, 1);
  await context.close();
});

test("many short cuts", { timeout: TEST_MAX_MS }, async () => {
  const { page, sessions, close } = await open();
  for (let cut = 0; cut < 5; cut++) {
    const states = await watchStates(page);
    wire.cut();
    // Nobody hears of this, and yet the pointer is there afterwards.
    const place = await movePointer(page);
    wire.mend();
    await until("reconnection", async () => (await states()).join() === "reconnecting,connected", states);
    await pointerAt(place);
  }
  await page.keyboard.type("after ");
  await waitForDisplay(page, remote.display);
  assert.equal(sessions(), 1);
  await close();
});

test("a silent wire, and another socket before anybody gives up", { timeout: TEST_MAX_MS }, async () => {
  const { page, path, sessions, close } = await open();
  await page.keyboard.type("before ");
  await waitForDisplay(page, remote.display);
  const states = await watchStates(page);
  const { accepted } = wire;

  wire.silence();
  await remote.display.paint(pictures.photo(800, 600));
  await until("more than one attempt", () => wire.accepted > accepted + 1);
  // The socket from before, and those that tried meanwhile, never say anything again.
  wire.speak();

  await until("reconnection", async () => (await states()).join() === "reconnecting,connected", states);
  await waitForDisplay(page, remote.display);
  await page.keyboard.type("after\n");
  await until("typed text", () => remote.display.read(path) === "before after\n");
  assert.equal(sessions(), 1);
  await close();
});

test("a silent wire that speaks again", { timeout: TEST_MAX_MS }, async () => {
  const { page, path, sessions, close } = await open();
  for (const word of ["one ", "two ", "three\n"]) {
    const states = await watchStates(page);
    wire.silence();
    await remote.display.paint(pictures.photo(800, 600, word.length));
    await until("silence noticed", async () => (await states()).includes("reconnecting"), states);
    // Now any of the sockets may be the first to get through.
    wire.speak({ revive: true });
    await until("return", async () => (await states()).at(-1) === "connected", states);
    await waitForDisplay(page, remote.display);
    await page.keyboard.type(word);
  }
  await until("typed text", () => remote.display.read(path) === "one two three\n");
  assert.equal(sessions(), 1);
  await close();
});

test("a key that was down when the wire was cut is not stuck", { timeout: TEST_MAX_MS }, async () => {
  const recorder = await remote.display.recorder("800x600");
  const { gateway, browser } = remote;
  const { page, context } = await openPage(browser, gateway.link(gateway.token(), "bare&scale=native", origin));
  await waitForState(page, "connected");
  await page.mouse.move(200, 200);
  await page.keyboard.down("Shift");
  await recorder.next(({ kind, keysym }) => kind === "Key Press" && keysym === "Shift_L");
  wire.cut();
  await recorder.next(({ kind, keysym }) => kind === "Key Release" && keysym === "Shift_L");
  wire.mend();
  await waitForState(page, "connected");
  await context.close();
  await recorder.stop();
});

test("a reload comes back to the session", { timeout: TEST_MAX_MS }, async () => {
  const { page, path, sessions, close } = await open();
  await page.keyboard.type("before ");
  await waitForDisplay(page, remote.display);
  for (let reload = 0; reload < 2; reload++) {
    await page.reload();
    await waitForState(page, "connected");
    await waitForDisplay(page, remote.display);
  }
  await takePointer(page);
  await page.keyboard.type("after\n");
  await until("typed text", () => remote.display.read(path) === "before after\n");
  assert.equal(sessions(), 1);
  await close();
});

test("what is typed the moment before a reload is not lost", { timeout: TEST_MAX_MS }, async () => {
  const { page, path, close } = await open();
  await page.keyboard.type("all of this\n");
  await page.reload();
  await until("typed text", () => remote.display.read(path) === "all of this\n");
  await close();
});

test("leaving ends the page's session", { timeout: TEST_MAX_MS }, async () => {
  const { page, close } = await open();
  await page.locator(".toolbar .handle").click();
  await page.locator(".toolbar").getByRole("button", { name: "Disconnect" }).click();
  await waitForState(page, "closed");
  await page.getByRole("heading", { name: "The session has ended" }).waitFor();
  await close();
});
