/** RDP desktops: what xrdp and FreeRDP's shadow server show is on the canvas, and what is typed arrives. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Gateway } from "./lib/gateway.mjs";
import { canvasBox, openBrowser, openPage, waitForLikeness, waitForPicture, waitForState } from "./lib/page.mjs";
import * as pictures from "./lib/pictures.mjs";
import { shadow, xrdp } from "./lib/rdp-servers.mjs";
import { TEST_MAX_MS, until } from "./lib/wait.mjs";

/** @typedef {import("./lib/rdp-servers.mjs").RdpServer} RdpServer */

/** The shadowed screen's size, and that of a session when nobody wishes for one. */
const SIZES = /** @type {const} */ ({ shadow: [800, 600], xrdp: [1024, 768] });
const [WIDTH, HEIGHT] = SIZES.shadow;
const SCENES = /** @type {const} */ (["text", "gradient", "noise", "photo", "desktop"]);

/** @type {Awaited<ReturnType<typeof xrdp>>} */
let session;
/** @type {RdpServer} */
let shown;
/** @type {Gateway} */
let gateway;
/** @type {import("playwright-core").Browser} */
let browser;

before(async () => {
  // One after the other: if one fails, the other is known, and stopped.
  session = await xrdp();
  shown = await shadow(`${WIDTH}x${HEIGHT}`);
  const anybody = 'username = "ada"\npassword = "any"\n';
  gateway = await Gateway.start({
    xrdp: { port: session.port, protocol: "rdp", more: session.connection },
    german: { port: session.port, protocol: "rdp", more: `${session.connection}parameters.server-layout = "de-de-qwertz"\n` },
    // With the graphics pipeline, this server's pictures come as H.264 or RemoteFX, which lose something.
    shadow: { port: shown.port, protocol: "rdp", more: `${anybody}${shown.connection}parameters.disable-gfx = true\n` },
    pipeline: { port: shown.port, protocol: "rdp", more: anybody + shown.connection },
  });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await gateway?.stop();
  await Promise.all([session?.stop(), shown?.stop()]);
});

/** Opens a page that shows a server's desktop, pixel for pixel. @param {string} connection */
async function open(connection, query = "bare&scale=native") {
  const link = gateway.link(gateway.token({ connection }), query);
  const opened = await openPage(browser, link, { viewport: { width: WIDTH, height: HEIGHT } });
  await waitForState(opened.page, "connected");
  if (connection !== "shadow" && connection !== "pipeline") {
    await session.ready();
  }
  return opened;
}

/** Opens a terminal that writes what is typed into a file, and a page with the pointer on it. @param {string} connection */
async function openTerminal(connection) {
  const { page, context } = await open(connection);
  const { display } = connection === "shadow" ? shown : session;
  const path = display.file(`typed-${Math.random()}`);
  const terminal = await display.terminal(`exec cat > '${path}'`);
  await page.mouse.move(200, 200);
  const where = () => display.run("xdotool", ["getmouselocation"]);
  await until("the pointer", async () => (await where()).startsWith("x:200 y:200 "), where);
  return {
    page,
    cdp: await context.newCDPSession(page),
    /** Waits for whole lines, since the terminal gives nothing before its end. */
    expect: async (/** @type {string} */ wanted) => {
      await page.keyboard.press("Enter");
      const read = () => readFileSync(path, "utf8");
      await until("typed text", () => read() === `${wanted}\n`, () => JSON.stringify(read()));
    },
    close: async () => {
      await terminal.stop();
      await context.close();
      assert.deepEqual(gateway.faults(), []);
    },
  };
}

test("shadow: the graphics pipeline's pictures are above 35 dB", { timeout: TEST_MAX_MS }, async () => {
  const { page, context } = await open("pipeline");
  for (const scene of /** @type {const} */ (["desktop", "gradient", "text"])) {
    const picture = pictures[scene](...SIZES.shadow);
    await shown.display.paint(picture);
    await waitForLikeness(page, picture, 35);
  }
  await context.close();
  assert.deepEqual(gateway.faults(), []);
});

for (const connection of /** @type {const} */ (["xrdp", "shadow"])) {
  test(`${connection}: each picture arrives exactly`, { timeout: TEST_MAX_MS }, async () => {
    const { page, context } = await open(connection);
    const { display } = connection === "shadow" ? shown : session;
    for (const scene of SCENES) {
      const picture = pictures[scene](...SIZES[connection]);
      await display.paint(picture);
      await waitForPicture(page, picture);
    }
    await context.close();
    assert.deepEqual(gateway.faults(), []);
  });

  test(`${connection}: a burst of keys keeps its order`, { timeout: TEST_MAX_MS }, async () => {
    const { page, expect, close } = await openTerminal(connection);
    const text = "abcdefghijklmnopqrstuvwxyz0123456789,./[]".repeat(4);
    await page.keyboard.type(text);
    await page.keyboard.down("Shift");
    await page.keyboard.type("HELLO");
    await page.keyboard.up("Shift");
    await expect(`${text}HELLO`);
    await close();
  });
}

test("text that comes without keys", { timeout: TEST_MAX_MS }, async () => {
  const { page, expect, close } = await openTerminal("xrdp");
  // xrdp has characters of its own layout only.
  const text = "Grand Total: 42% & more";
  await page.keyboard.insertText(text);
  await expect(text);
  await close();
});

test("a German keyboard and a German server", { timeout: TEST_MAX_MS }, async () => {
  const { cdp, expect, close } = await openTerminal("german");
  const altGraph = { code: "AltRight", key: "AltGraph", windowsVirtualKeyCode: 225, location: 2 };
  const press = async (/** @type {string} */ code, /** @type {string} */ key) => {
    await cdp.send("Input.dispatchKeyEvent", { type: "keyDown", code, key, text: key });
    await cdp.send("Input.dispatchKeyEvent", { type: "keyUp", code, key });
  };
  await press("KeyY", "z");
  await press("KeyZ", "y");
  await press("Semicolon", "ö");
  await press("Minus", "ß");
  await cdp.send("Input.dispatchKeyEvent", { type: "rawKeyDown", ...altGraph });
  await press("KeyQ", "@");
  await press("KeyE", "€");
  await cdp.send("Input.dispatchKeyEvent", { type: "keyUp", ...altGraph });
  await expect("zyöß@€");
  await close();
});

test("text goes from one clipboard to the other", { timeout: TEST_MAX_MS }, async () => {
  const link = gateway.link(gateway.token({ connection: "xrdp" }), "bare&scale=native");
  const { page, context } = await openPage(browser, link, { permissions: ["clipboard-read", "clipboard-write"] });
  await waitForState(page, "connected");
  await session.ready();
  const { display } = session;
  // xrdp's program for channels starts with a session, and may still be about to.
  await page.evaluate((text) => navigator.clipboard.writeText(text), "from here: 10 €");
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await display.clipboard("from here: 10 €");
  const text = "from there: Grüße";
  const owner = await display.copy(text);
  const local = () => page.evaluate(() => navigator.clipboard.readText());
  await until("clipboard text", async () => (await local()) === text, local);
  await owner.stop();
  await context.close();
  assert.deepEqual(gateway.faults(), []);
});

test("a desktop that cannot change is scaled", { timeout: TEST_MAX_MS }, async () => {
  const { page, context } = await open("shadow", "bare");
  await page.setViewportSize({ width: 400, height: 400 });
  await until("half the size", async () => (await canvasBox(page)).width === 400, async () => JSON.stringify(await canvasBox(page)));
  assert.equal((await canvasBox(page)).height, 300);
  const picture = pictures.desktop(WIDTH, HEIGHT);
  await shown.display.paint(picture);
  await waitForPicture(page, picture);
  await context.close();
});

test("a desktop begins with the window's size", { timeout: TEST_MAX_MS }, async () => {
  const own = await xrdp();
  const other = await Gateway.start({ desktop: { port: own.port, protocol: "rdp", more: own.connection } });
  try {
    const link = other.link(other.token(), "bare&scale=remote");
    const { page, context } = await openPage(browser, link, { viewport: { width: 900, height: 650 } });
    await waitForState(page, "connected");
    await own.ready();
    assert.equal(await own.display.size(), "900x650");
    const picture = pictures.text(900, 650);
    await own.display.paint(picture);
    await waitForPicture(page, picture);
    await context.close();
    assert.deepEqual(other.faults(), []);
  } finally {
    await other.stop();
    await own.stop();
  }
});
