/** The built page in Chromium against a scripted gateway: exact pixels, input, and coming back. */

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { packPalette, packRgb } from "../packing.js";
import { Gateway, copy, failure, fill, image, record, size, text, u16, u32, type Peer } from "./gateway.js";
import { TOKEN, hex, launch, openScreen, shows, state, type Opened } from "./page.js";

/** Where screenshots go, if anywhere. */
const SHOTS = process.env["PORTHOLE_SHOTS"];
/** The machine's time zone, which is the browser's too, and which Hello ends with. */
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

let browser: Browser;
let gateway: Gateway;

before(async () => {
  browser = await launch();
  gateway = await Gateway.start();
});

after(async () => {
  await browser.close();
  gateway.stop();
});

const open = async (query: string, width?: number, height?: number, path?: string): Promise<Opened> =>
  openScreen(browser, gateway, query, width, height, path);

async function checkPainting(page: Page, peer: Peer): Promise<void> {
  const whole = { x: 0, y: 0, width: 8, height: 4 };
  await peer.shown(size(8, 4), fill({ x: 0, y: 0, width: 8, height: 4 }, [1, 2, 3]), fill({ x: 2, y: 1, width: 3, height: 2 }, [250, 128, 7]));
  const filled = Array.from({ length: 32 }, (_, at) => (at % 8 >= 2 && at % 8 < 5 && at >= 8 && at < 24 ? "fa8007" : "010203"));
  await shows(page, whole, filled);

  for (const colours of [2, 4, 16, 256]) {
    const palette = Array.from({ length: colours }, (_, at) => [at, 255 - at, (at * 7) % 256]);
    const indices = Array.from({ length: 13 * 5 }, (_, at) => (at * 5) % colours);
    await peer.shown(size(13, 5), image({ x: 0, y: 0, width: 13, height: 5 }, 2, packPalette(13, 5, palette, indices)));
    await shows(page, { x: 0, y: 0, width: 13, height: 5 }, indices.map((index) => hex(palette[index] ?? [])));
  }

  const rgb = Uint8Array.from({ length: 3 * 9 * 6 }, (_, at) => (at * 37) % 256);
  const wantRgb = Array.from({ length: 54 }, (_, at) => hex([...rgb.subarray(3 * at, 3 * at + 3)]));
  await peer.shown(size(20, 20), image({ x: 3, y: 4, width: 9, height: 6 }, 3, packRgb(9, 6, rgb, (row) => row % 3)));
  await shows(page, { x: 3, y: 4, width: 9, height: 6 }, wantRgb);

  // Overlapping copies in all four directions give what a copy of the source would.
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1], [2, 1]] as const) {
    await peer.shown(
      size(20, 20),
      image({ x: 3, y: 4, width: 9, height: 6 }, 3, packRgb(9, 6, rgb, () => 0)),
      copy(3, 4, { x: 3 + dx, y: 4 + dy, width: 9, height: 6 }),
    );
    await shows(page, { x: 3 + dx, y: 4 + dy, width: 9, height: 6 }, wantRgb);
  }
}

for (const engine of ["worker", "page"] as const) {
  test(`paints exactly on the ${engine}'s thread`, async () => {
    // Without a worker-src, the worker is refused and the page's thread takes over.
    const policy = gateway.policy;
    if (engine === "page") {
      gateway.policy = policy.replace("worker-src 'self' blob:", "worker-src 'none'");
    }
    const context = await browser.newContext();
    const page = await context.newPage();
    const peerComes = gateway.welcome(64, 48);
    await page.goto(`${gateway.origin}/s?bare&scale=native#token=${TOKEN}`);
    const peer = await peerComes;
    gateway.policy = policy;
    await state(page, "connected");
    assert.equal(page.workers().length, engine === "worker" ? 1 : 0);
    await checkPainting(page, peer);
    const corner = await page.locator(".viewport canvas").boundingBox();
    assert.deepEqual(corner, { x: 0, y: 0, width: 20, height: 20 });
    await context.close();
  });
}

test("JPEGs are drawn in order, and a broken one is asked for again", async () => {
  const { page, context, peer } = await open("bare&scale=native");
  const jpeg = Buffer.from(
    await page.evaluate(async () => {
      const canvas = new OffscreenCanvas(16, 16);
      const pen = canvas.getContext("2d");
      if (pen !== null) {
        pen.fillStyle = "#808080";
        pen.fillRect(0, 0, 16, 16);
      }
      const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 1 });
      return [...new Uint8Array(await blob.arrayBuffer())];
    }),
  );
  const rect = { x: 0, y: 0, width: 16, height: 16 };
  const first = peer.frame(image(rect, 1, jpeg), fill({ x: 4, y: 4, width: 2, height: 2 }, [255, 0, 0]));
  const second = peer.frame(copy(4, 4, { x: 0, y: 0, width: 2, height: 2 }));
  const third = peer.frame(image({ ...rect, x: 20 }, 1, jpeg.subarray(0, 40)), image({ ...rect, y: 20, width: 8 }, 1, jpeg));
  await peer.acked(third);
  const acks = peer.received.filter(({ kind }) => kind === 0x02).map(({ body }) => body.readUInt32LE(0));
  assert.deepEqual(acks.slice(-3), [first, second, third]);
  await shows(page, { x: 0, y: 0, width: 6, height: 1 }, ["ff0000", "ff0000", "808080", "808080", "808080", "808080"]);
  const spoiled = new Set<string>();
  await peer.until((all) => {
    all.filter(({ kind }) => kind === 0x86).forEach(({ body }) => spoiled.add([0, 2, 4, 6].map((at) => body.readUInt16LE(at)).join()));
    return spoiled.size === 2 ? true : undefined;
  });
  assert.deepEqual([...spoiled], ["20,0,16,16", "0,20,8,16"]);
  await context.close();
});

test("keys, AltGr, input methods, wheel, pointer and the focus", async () => {
  const { page, context, peer } = await open("bare&scale=native", 400, 300);
  await page.mouse.move(10, 20);
  await page.mouse.down();
  await page.mouse.up();
  await page.mouse.down({ button: "right" });
  await page.mouse.up({ button: "right" });
  await peer.until((all) => all.filter(({ kind }) => kind === 0x05).length >= 5 || undefined);
  assert.deepEqual(peer.takeInput().filter((line) => line.startsWith("pointer")).slice(-4), ["pointer 10,20 1", "pointer 10,20 0", "pointer 10,20 4", "pointer 10,20 0"]);

  await page.keyboard.press("a");
  await page.keyboard.press("Shift+KeyB");
  const cdp = await context.newCDPSession(page);
  const key = async (type: "keyDown" | "keyUp" | "rawKeyDown", code: string, name: string, location = 0): Promise<void> => {
    await cdp.send("Input.dispatchKeyEvent", { type, code, key: name, location, ...(type === "keyDown" ? { text: name } : {}) });
  };
  await key("rawKeyDown", "AltRight", "AltGraph", 2);
  await key("keyDown", "KeyE", "€");
  await key("keyUp", "KeyE", "€");
  await key("keyUp", "AltRight", "AltGraph", 2);
  await cdp.send("Input.imeSetComposition", { text: "にほ", selectionStart: 2, selectionEnd: 2 });
  await cdp.send("Input.insertText", { text: "日本" });
  await cdp.send("Input.insertText", { text: "語" });
  await page.mouse.wheel(0, 100);
  await peer.until((all) => all.find(({ kind }) => kind === 0x06));
  assert.deepEqual(peer.takeInput(), [
    "+61/1e", "-61/1e", "+ffe1/2a", "+42/30", "-42/30", "-ffe1/2a", "+fe03/b8", "+10020ac/12", "-10020ac/12", "-fe03/b8",
    "text 日本", "text 語", "wheel 10,20 0,120",
  ]);
  await page.evaluate(() => {
    const host = document.querySelector("#screen > div");
    const active = host?.shadowRoot?.activeElement;
    if (active instanceof HTMLElement) {
      active.blur();
    }
  });
  await peer.until((all) => all.find(({ kind }) => kind === 0x07));
  await context.close();
});

test("fingers click, and a hidden page asks for no frames", async () => {
  const context = await browser.newContext({ viewport: { width: 400, height: 300 }, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  const peerComes = gateway.welcome(400, 300);
  await page.goto(`${gateway.origin}/s?bare&scale=native#token=${TOKEN}`);
  const peer = await peerComes;
  await state(page, "connected");
  peer.takeInput();
  await page.touchscreen.tap(40, 50);
  await peer.until((all) => all.filter(({ kind }) => kind === 0x05).length >= 2 || undefined);
  assert.deepEqual(peer.takeInput().filter((line) => line.startsWith("pointer") && !line.endsWith("0")), ["pointer 40,50 1"]);
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await peer.until((all) => all.find(({ kind, body }) => kind === 0x85 && body.readUInt8(0) === 0));
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { value: false, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await peer.until((all) => all.find(({ kind, body }) => kind === 0x85 && body.readUInt8(0) === 1));
  await context.close();
});

test("the clipboard goes both ways", async () => {
  const { page, context, peer } = await open("scale=native", 400, 300);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.bringToFront();
  await page.mouse.click(50, 60);
  peer.send(record(0x82, Buffer.from("\u0001from afar")));
  await page.waitForFunction(async () => (await navigator.clipboard.readText()) === "from afar");
  await page.evaluate(() => navigator.clipboard.writeText("from\r\nhere"));
  peer.takeInput();
  await page.keyboard.press("Control+KeyV");
  await peer.until((all) => all.filter(({ kind }) => kind === 0x03).length === 4 || undefined);
  assert.deepEqual(peer.takeInput(), ["+ffe3/1d", "clipboard from\nhere", "+76/2f", "-76/2f", "-ffe3/1d"]);
  await context.close();
});

test("a lost socket comes back to its session, and a reload too", async () => {
  const { page, context, peer } = await open("bare&scale=native");
  assert.equal(peer.token, TOKEN);
  assert.ok(!page.url().includes(TOKEN));
  const hello = async (one: Peer): Promise<Buffer> => one.until((all) => all.find(({ kind }) => kind === 0x01)?.body);
  // Version, features, size, scale and flags, the number of cells, and the time zone.
  assert.equal((await hello(peer)).length, 15 + ZONE.length);
  const again = gateway.welcome(64, 48, { secret: 3 });
  peer.socket.terminate();
  const second = await again;
  await state(page, "connected");
  // Bit 0: a session to come back to; bit 2: its first frame is still on the canvas.
  assert.deepEqual((await hello(second)).subarray(12, 65), Buffer.concat([Buffer.from([5]), Buffer.alloc(16, 1), Buffer.alloc(32, 2), u32(1)]));
  const reloaded = gateway.welcome(64, 48);
  await page.reload();
  const third = await reloaded;
  assert.deepEqual((await hello(third)).subarray(12, 61), Buffer.concat([Buffer.from([1]), Buffer.alloc(16, 1), Buffer.alloc(32, 3)]));
  await state(page, "connected");
  await context.close();
});

test("an error that may pass is retried by itself, and a session that is over is not", async () => {
  const { page, context, peer } = await open("language=en");
  const again = gateway.next();
  peer.send(failure(5, true, "draining", "the gateway is being restarted"));
  await state(page, "reconnecting");
  const second = await again;
  second.send(failure(7, false, "session_ended", ""));
  await state(page, "closed");
  assert.equal(await page.getAttribute("#screen", "data-cause"), "session_ended");
  assert.equal(await page.locator("h1").textContent(), "The session has ended");
  assert.equal(await page.evaluate(() => sessionStorage.getItem("porthole")), null);
  await context.close();
});

test("a link opened anew after its session ended begins another", async () => {
  const { page, context, peer } = await open("bare&scale=native");
  const hello = async (one: Peer): Promise<number> => one.until((all) => all.find(({ kind }) => kind === 0x01)?.body.length);
  const secondComes = gateway.next();
  await page.goto("about:blank");
  await page.goto(`${gateway.origin}/s?bare#token=${TOKEN}`);
  const second = await secondComes;
  assert.equal(await hello(second), 63 + ZONE.length);
  const thirdComes = gateway.welcome(64, 48);
  second.send(failure(7, false, "session_ended", ""));
  assert.equal(await hello(await thirdComes), 15 + ZONE.length);
  await state(page, "connected");
  peer.socket.terminate();
  await context.close();
});

test("the package embeds by function and by element", async () => {
  gateway.pages.set("/embed", `<!doctype html><script type="module" src="/pkg/element.js"></script><porthole-screen id="screen" token="${TOKEN}" url="/link" view-only scale="fit"></porthole-screen>`);
  const context = await browser.newContext();
  const page = await context.newPage();
  const peerComes = gateway.welcome(64, 48);
  await page.goto(`${gateway.origin}/embed`);
  const peer = await peerComes;
  await state(page, "connected");
  assert.equal(page.workers().length, 1);
  assert.deepEqual(peer.takeInput(), ["hello 0x0 @100 flags 2"]);
  const gone = new Promise((done) => peer.socket.on("close", done));
  await page.evaluate(() => document.querySelector("porthole-screen")?.remove());
  await gone;
  await context.close();
});

test("sizes: wishes, requests, fitting, and a path in front", async () => {
  const { page, context, peer } = await open("scale=remote", 640, 480, "/prefix/s");
  assert.deepEqual(peer.takeInput().filter((line) => line.startsWith("hello")), ["hello 640x480 @100 flags 0"]);
  peer.send(record(0x88, u32(1)));
  await page.setViewportSize({ width: 500, height: 400 });
  await peer.until((all) => all.find(({ kind, body }) => kind === 0x82 && body.readUInt16LE(0) === 500 && body.readUInt16LE(2) === 400));
  await peer.shown(size(500, 400));
  const box = async (): Promise<readonly number[]> =>
    page.evaluate(() => {
      const canvas = document.querySelector("#screen > div")?.shadowRoot?.querySelector(".viewport canvas");
      const { x = -1, y = -1, width = -1, height = -1 } = canvas?.getBoundingClientRect() ?? {};
      return [x, y, width, height];
    });
  assert.deepEqual(await box(), [0, 0, 500, 400]);
  peer.send(record(0x88, u32(0)));
  await peer.shown(size(1000, 400));
  await page.waitForFunction(() => document.querySelector("#screen > div")?.shadowRoot?.querySelector("canvas")?.style.width === "500px");
  assert.deepEqual(await box(), [0, 100, 500, 200]);
  await context.close();
});

test("pointers, titles and endings reach the page as they are", async () => {
  const { page, context, peer } = await open("", 640, 480);
  const { deflateRawSync } = await import("node:zlib");
  const cursor = Buffer.concat([u16(1, 2, 3, 3), deflateRawSync(Buffer.alloc(36, 255))]);
  peer.send(record(0x81, cursor), text(0x83, "<b>desk</b>"), text(0x87, "<i>a notice</i>"));
  await page.waitForFunction(() => document.title === "<b>desk</b>");
  const style = await page.evaluate(() => document.querySelector("#screen > div")?.shadowRoot?.querySelector<HTMLElement>(".viewport")?.style.cursor);
  assert.match(style ?? "", /^url\("data:image\/png.*"\) 1 2, default$/);
  assert.equal(await page.locator(".toasts p").textContent(), "<i>a notice</i>");
  peer.send(record(0x81, u16(0, 0, 0, 0)), failure(4, false, "remote_refused", "the computer said <b>no</b>"));
  await state(page, "failed");
  assert.equal(await page.getAttribute("#screen", "data-cause"), "remote_refused");
  assert.equal(await page.locator(".detail").textContent(), "the computer said <b>no</b>");
  assert.equal(await page.evaluate(() => sessionStorage.getItem("porthole")), null);
  const retried = gateway.welcome(64, 48);
  await page.getByRole("button", { name: "Try again" }).click();
  await retried;
  await state(page, "connected");
  await context.close();
});

for (const [reader, broken] of [["engine", record(0x7e, Buffer.alloc(0))], ["page", record(0x83, Buffer.of(0xff))]] as const) {
  test(`a broken record that the ${reader} reads ends the link with words`, async () => {
    const { page, context, peer } = await open("");
    const closed = new Promise<number>((done) => peer.socket.on("close", done));
    peer.send(broken);
    await state(page, "failed");
    assert.equal(await page.getAttribute("#screen", "data-cause"), "protocol");
    assert.equal(await closed, 4006);
    await context.close();
  });
}

test("the toolbar opens, is labelled, and takes the keyboard from the remote", async () => {
  const { page, context, peer } = await open("language=en", 640, 480);
  peer.frame(fill({ x: 0, y: 0, width: 640, height: 480 }, [58, 110, 165]), fill({ x: 60, y: 90, width: 320, height: 220 }, [236, 240, 243]));
  await page.getByRole("button", { name: "Show or hide the toolbar" }).click();
  await page.getByRole("button", { name: "Special keys" }).click();
  peer.takeInput();
  await page.getByRole("button", { name: "Ctrl+Alt+Del" }).click();
  await peer.until((all) => all.filter(({ kind }) => kind === 0x03).length === 6 || undefined);
  assert.deepEqual(peer.takeInput(), ["+ffe3/0", "+ffe9/0", "+ffff/0", "-ffff/0", "-ffe9/0", "-ffe3/0"]);
  await shot(page, "toolbar-keys");
  await page.getByRole("button", { name: "Display" }).click();
  await shot(page, "toolbar-display");
  await page.getByLabel("Save data").check();
  await peer.until((all) => all.find(({ kind, body }) => kind === 0x84 && body.readUInt8(0) === 2));
  await page.getByRole("button", { name: "Clipboard" }).click();
  await page.getByLabel("Clipboard text").fill("by hand");
  peer.takeInput();
  await page.getByRole("button", { name: "Send to the remote" }).click();
  await peer.until((all) => all.find(({ kind }) => kind === 0x81));
  assert.deepEqual(peer.takeInput(), ["clipboard by hand"]);
  await page.emulateMedia({ colorScheme: "dark" });
  await shot(page, "toolbar-clipboard-dark");
  await page.keyboard.press("Escape");
  await context.close();
});

test("no token, no connection", async () => {
  const context = await browser.newContext({ viewport: { width: 640, height: 480 }, locale: "de-DE" });
  const page = await context.newPage();
  await page.goto(`${gateway.origin}/s`);
  await state(page, "failed");
  assert.equal(await page.getAttribute("#screen", "data-cause"), "token_missing");
  await shot(page, "no-token");
  const peerComes = gateway.next();
  await page.goto(`${gateway.origin}/?language=en#token=${TOKEN}`);
  const peer = await peerComes;
  peer.send(failure(4, false, "remote_unreachable", "no route to desktop-17:5900"));
  await state(page, "failed");
  await shot(page, "failed");
  await context.close();
});

async function shot(page: Page, name: string): Promise<void> {
  if (SHOTS !== undefined) {
    mkdirSync(SHOTS, { recursive: true });
    await page.screenshot({ path: `${SHOTS}/${name}.png` });
  }
}
