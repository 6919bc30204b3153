/** HTML and pictures go from one clipboard to the other beside text, and only where they may. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Gateway } from "./lib/gateway.mjs";
import { openBrowser, openPage, waitForState } from "./lib/page.mjs";
import { run } from "./lib/programs.mjs";
import { ClipboardServer, DIB, HTML, TEXT } from "./lib/rfb-server.mjs";
import { TEST_MAX_MS, until } from "./lib/wait.mjs";

const GRANTED = { permissions: ["clipboard-read", "clipboard-write"] };
const KEY_V = 0x76;
/** Length of the head that a BMP file has before its bitmap. */
const BMP_HEAD_BYTES = 14;
/** A picture without transparency that is not symmetric in any way, and one whose PNG file takes many parts. */
const PICTURE = noise(37, 23);
const LARGE = noise(640, 480);

/** @type {ClipboardServer} */
let server;
/** @type {Gateway} */
let gateway;
/** @type {import("playwright-core").Browser} */
let browser;

before(async () => {
  server = await ClipboardServer.start();
  gateway = await Gateway.start({ desktop: { port: server.port, more: "" } });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await gateway?.stop();
  server?.stop();
});

/** Columns, rows and R, G, B that do not pack. @param {number} width @param {number} height */
function noise(width, height) {
  let state = 1;
  const rgb = Buffer.from(Array.from({ length: width * height * 3 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  }));
  return { width, height, rgb };
}

/** @param {import("./lib/gateway.mjs").TokenWishes} [wishes] */
async function open(wishes) {
  server.heard = [];
  server.provided = null;
  server.requested = 0;
  const opened = await openPage(browser, gateway.link(gateway.token(wishes), "bare&scale=native"), GRANTED);
  await waitForState(opened.page, "connected");
  await opened.page.mouse.click(20, 20);
  return opened;
}

/** A picture as another program writes a bitmap. @param {typeof PICTURE} picture @param {readonly string[]} form */
async function bitmap({ width, height, rgb }, ...form) {
  const args = ["-size", `${width}x${height}`, "-depth", "8", "rgb:-", ...form];
  return (await run("convert", args, { input: rgb })).subarray(BMP_HEAD_BYTES);
}

/** What another program reads in a bitmap, as R, G, B. @param {Buffer} dib */
function pixelsOf(dib) {
  const head = Buffer.alloc(BMP_HEAD_BYTES);
  head.write("BM");
  head.writeUInt32LE(BMP_HEAD_BYTES + dib.length, 2);
  head.writeUInt32LE(BMP_HEAD_BYTES + 40, 10);
  return run("convert", ["bmp:-", "-depth", "8", "rgb:-"], { input: Buffer.concat([head, dib]) });
}

/** A fragment as Windows has it. @param {string} fragment */
function windowsHtml(fragment) {
  const [before, behind] = ["<html><body><!--StartFragment-->", "<!--EndFragment--></body></html>\0"];
  const head = (/** @type {number} */ start, /** @type {number} */ end) =>
    `Version:1.0\r\nStartFragment:${String(start).padStart(6, "0")}\r\nEndFragment:${String(end).padStart(6, "0")}\r\n`;
  const start = head(0, 0).length + before.length;
  return Buffer.from(head(start, start + Buffer.byteLength(fragment)) + before + fragment + behind);
}

/** What the local clipboard holds: text, HTML, and a picture as R, G, B. @param {import("playwright-core").Page} page */
async function local(page) {
  const read = () => page.evaluate(async () => {
    const [item] = await navigator.clipboard.read();
    const text = async (/** @type {string} */ type) => (item?.types.includes(type) ? (await item.getType(type)).text() : null);
    let rgb = null;
    if (item?.types.includes("image/png")) {
      const image = await createImageBitmap(await item.getType("image/png"));
      const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
      context?.drawImage(image, 0, 0);
      const rgba = context?.getImageData(0, 0, image.width, image.height).data ?? new Uint8ClampedArray();
      const values = rgba.filter((_, at) => at % 4 !== 3);
      rgb = Array.from(values, (value) => String.fromCharCode(value)).join("");
    }
    return { text: await text("text/plain"), html: await text("text/html"), rgb: rgb === null ? null : btoa(rgb) };
  });
  const { rgb, ...words } = await read().catch((error) => {
    // What was offered is gone when something else is copied before it is read: the new is what counts.
    assert.match(String(error), /Clipboard data has changed/);
    return read();
  });
  return { ...words, rgb: rgb === null ? null : Buffer.from(rgb, "base64") };
}

/** Copies here, as an application would: a picture from R, G, B. @param {import("playwright-core").Page} page @param {{ text?: string, html?: string, picture?: typeof PICTURE }} what */
function copyHere(page, { text, html, picture }) {
  const rgb = picture?.rgb.toString("base64") ?? null;
  return page.evaluate(async (given) => {
    const blob = (/** @type {string} */ type, /** @type {string | undefined} */ data) => (data === undefined ? {} : { [type]: new Blob([data], { type }) });
    const parts = { ...blob("text/plain", given.text), ...blob("text/html", given.html) };
    if (given.rgb !== null) {
      const canvas = new OffscreenCanvas(given.width, given.height);
      const image = new ImageData(given.width, given.height);
      const values = atob(given.rgb);
      for (let at = 0; at < values.length; at++) {
        image.data[Math.floor(at / 3) * 4 + (at % 3)] = values.charCodeAt(at);
      }
      image.data.forEach((_, at) => {
        if (at % 4 === 3) {
          image.data[at] = 255;
        }
      });
      canvas.getContext("2d")?.putImageData(image, 0, 0);
      Object.assign(parts, { "image/png": await canvas.convertToBlob() });
    }
    await navigator.clipboard.write([new ClipboardItem(parts)]);
  }, { text, html, rgb, width: picture?.width ?? 0, height: picture?.height ?? 0 });
}

test("all that the remote copies at once is on the local clipboard", { timeout: TEST_MAX_MS }, async () => {
  const { page, context } = await open();
  const html = '<b>bold</b> <img id="leaked" src="x" onerror="document.body.dataset.leaked=1">';
  server.copy({ [TEXT]: Buffer.from("bold\r\nGrüße\0"), [HTML]: windowsHtml(html), [DIB]: await bitmap(PICTURE, "BMP3:-") });
  const copied = await until("clipboard", async () => {
    const now = await local(page);
    return now.text === "bold\nGrüße" && now;
  });
  assert.equal(server.requested, TEXT | HTML | DIB);
  assert.match(copied.html ?? "", /<b\b[^>]*>bold<\/b>/);
  assert.deepEqual(copied.rgb, PICTURE.rgb);
  // The remote's HTML is in no document of the page.
  const leaks = await page.evaluate(() => {
    const inside = document.querySelector("#screen .porthole-host")?.shadowRoot;
    return [document.getElementById("leaked"), inside?.getElementById("leaked"), document.body.dataset["leaked"] ?? null];
  });
  assert.deepEqual(leaks, [null, null, null]);

  // What came from the remote does not go back to it with the paste that follows.
  await page.keyboard.press("Control+v");
  await until("key", () => server.heard.includes(KEY_V));
  assert.ok(!server.heard.includes("offer"), JSON.stringify(server.heard));
  await context.close();
});

test("a picture alone comes, and does not go back", { timeout: TEST_MAX_MS }, async () => {
  const { page, context } = await open();
  await page.evaluate(() => navigator.clipboard.writeText("before"));
  // With a palette of hints, with masks, and from the top down: what programs make.
  server.copy({ [DIB]: await bitmap(PICTURE, "-alpha", "on", "BMP:-") });
  await until("picture", async () => (await local(page)).rgb !== null);
  assert.deepEqual((await local(page)).rgb, PICTURE.rgb);
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await page.keyboard.press("Control+v");
  await until("key", () => server.heard.includes(KEY_V));
  assert.ok(!server.heard.includes("offer"), JSON.stringify(server.heard));
  await context.close();
});

test("Ctrl+V takes every format along, before the keys", { timeout: TEST_MAX_MS }, async () => {
  const { page, context } = await open();
  await copyHere(page, { text: "zwei\nZeilen", html: "<i>zwei</i> Zeilen", picture: PICTURE });
  await page.keyboard.press("Control+v");
  const provided = await server.copied(TEXT | HTML | DIB);
  assert.equal(provided[TEXT]?.toString(), "zwei\r\nZeilen\0");
  assert.match(provided[HTML]?.toString() ?? "", /<!--StartFragment-->.*<i\b[^>]*>zwei<\/i> Zeilen.*<!--EndFragment-->/s);
  assert.deepEqual(await pixelsOf(provided[DIB] ?? Buffer.alloc(0)), PICTURE.rgb);
  await until("key", () => server.heard.includes(KEY_V));
  assert.ok(server.heard.indexOf("offer") < server.heard.indexOf(KEY_V), JSON.stringify(server.heard));
  await context.close();
});

test("a picture that was copied elsewhere goes when the page has the focus again, once", { timeout: TEST_MAX_MS }, async () => {
  const { page, context } = await open();
  await copyHere(page, { picture: PICTURE });
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  const provided = await server.copied(DIB);
  assert.deepEqual(await pixelsOf(provided[DIB] ?? Buffer.alloc(0)), PICTURE.rgb);
  await page.keyboard.press("Control+v");
  await until("key", () => server.heard.includes(KEY_V));
  assert.equal(server.heard.filter((what) => what === "offer").length, 1, JSON.stringify(server.heard));
  await context.close();
});

test("a large picture goes both ways in parts", { timeout: TEST_MAX_MS }, async () => {
  const { page, context } = await open();
  server.copy({ [DIB]: await bitmap(LARGE, "BMP3:-") });
  await until("picture", async () => (await local(page)).rgb?.equals(LARGE.rgb));
  const other = { ...LARGE, rgb: Buffer.from(LARGE.rgb).reverse() };
  await copyHere(page, { picture: other });
  await page.keyboard.press("Control+v");
  const provided = await server.copied(DIB);
  assert.ok((await pixelsOf(provided[DIB] ?? Buffer.alloc(0))).equals(other.rgb));
  await until("key", () => server.heard.includes(KEY_V));
  assert.deepEqual(server.heard.filter((what) => what === "offer" || what === KEY_V), ["offer", KEY_V]);
  await context.close();
});

test("without the permissions no format moves", { timeout: TEST_MAX_MS }, async () => {
  const { page, context } = await open({ allow: ["input"] });
  await page.evaluate(() => navigator.clipboard.writeText("kept here"));
  server.copy({ [DIB]: await bitmap(PICTURE, "BMP3:-"), [TEXT]: Buffer.from("kept there\0") });
  await until("request of the gateway", () => server.requested !== 0);
  await copyHere(page, { html: "<b>kept</b>", text: "kept here" });
  await page.keyboard.press("Control+v");
  await until("key", () => server.heard.includes(KEY_V));
  assert.ok(!server.heard.includes("offer"), JSON.stringify(server.heard));
  assert.equal((await local(page)).text, "kept here");
  await context.close();
});
