/** A text remote's terminal in Chromium against a scripted gateway. */

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { Gateway, record, text, u16, u32, welcome, type Peer } from "./gateway.js";
import { TOKEN, launch, state } from "./page.js";

/** Where screenshots go, if anywhere. */
const SHOTS = process.env["PORTHOLE_SHOTS"];
const FEATURE_TERMINAL = 8;
/** Input, and the clipboard both ways. */
const PERMISSIONS = 7;

let browser: Browser;
let gateway: Gateway;

before(async () => {
  // Without graphics, xterm.js draws with elements, whose text can be read here.
  browser = await launch(["--disable-gpu", "--disable-3d-apis"]);
  gateway = await Gateway.start();
});

after(async () => {
  await browser.close();
  gateway.stop();
});

/** The usual colours, 14 points, a thousand rows. */
function look(fontName = ""): Buffer {
  const colors = Buffer.alloc(3 * 258);
  const sixteen = "000000cd000000cd00cdcd001e90ffcd00cd00cdcde5e5e57f7f7fff000000ff00ffff005c5cffff00ff00ffffffffff";
  colors.write(sixteen, "hex");
  colors.write("d5dee6101820", 3 * 256, "hex");
  return record(0xb3, Buffer.concat([Buffer.from([12]), u32(1000), colors, Buffer.from(fontName)]));
}

const screen = (columns: number, rows: number, words: string): Buffer => record(0xb0, Buffer.concat([u16(columns, rows), Buffer.from(words)]));
const more = (words: string): Buffer => text(0xb1, words);

interface Opened {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly peer: Peer;
  readonly problems: readonly string[];
}

interface Wishes extends BrowserContextOptions {
  readonly query?: string;
  readonly rights?: number;
}

/** Opens a page whose terminal shows `words`, and waits until it does. */
async function open(words: string, { query = "", rights = PERMISSIONS, ...options }: Wishes = {}): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 800, height: 500 }, locale: "en-GB", ...options });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") {
      problems.push(message.text());
    }
  });
  const greeted = gateway.greeted();
  await page.goto(`${gateway.origin}/s?${query}#token=${TOKEN}`);
  const peer = await greeted;
  peer.send(welcome(60_000, rights, 2, FEATURE_TERMINAL));
  await peer.shown(look());
  await peer.shown(screen(80, 24, words));
  await state(page, "connected");
  return { page, context, peer, problems };
}

/** What has been typed, in all records so far. */
const typed = (all: readonly { readonly kind: number; readonly body: Buffer }[]): string =>
  Buffer.concat(all.filter(({ kind }) => kind === 0xb0).map(({ body }) => body)).toString("utf8");

const typedIs = async (peer: Peer, wanted: string): Promise<void> => {
  await peer.until((all) => (typed(all) === wanted ? true : undefined));
  peer.received.length = 0;
};

/** The rows as a reader would have them. */
async function rows(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const root = document.querySelector("#screen > div")?.shadowRoot;
    return [...root?.querySelectorAll(".xterm-rows > div") ?? []].map((row) => row.textContent.replaceAll("\u00a0", " ").trimEnd());
  });
}

async function rowIs(page: Page, at: number, wanted: string): Promise<void> {
  let got: readonly string[] = [];
  for (let attempt = 0; attempt < 100; attempt++) {
    got = await rows(page);
    if (got[at] === wanted) {
      return;
    }
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  assert.equal(got[at], wanted);
}

async function shot(page: Page, name: string): Promise<void> {
  if (SHOTS !== undefined) {
    mkdirSync(SHOTS, { recursive: true });
    await page.screenshot({ path: `${SHOTS}/${name}.png` });
  }
}

const sizes = (all: readonly { readonly kind: number; readonly body: Buffer }[]): readonly string[] =>
  all.filter(({ kind }) => kind === 0xb1).map(({ body }) => `${body.readUInt16LE(0)}x${body.readUInt16LE(2)}`);

test("text is shown, acknowledged, and what is typed comes back", async () => {
  const { page, context, peer, problems } = await open("hello \x1b[31mred\x1b[0m\r\n$ ");
  await rowIs(page, 0, "hello red");
  const [size] = await peer.until((all) => (sizes(all).length > 0 ? sizes(all) : undefined));
  assert.match(size ?? "", /^\d+x\d+$/);
  await page.keyboard.type("ls -l Ää€");
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Control+c");
  await typedIs(peer, "ls -l Ää€\r\x1b[A\x03");
  await peer.shown(more("\x1b[38;2;10;200;30mtrue colour\x1b[0m ok\r\n"));
  await rowIs(page, 1, "$ true colour ok");
  const colour = await page.evaluate(() => {
    const spans = document.querySelector("#screen > div")?.shadowRoot?.querySelectorAll(".xterm-rows span") ?? [];
    const span = [...spans].find((one) => one.textContent.startsWith("true"));
    return span === undefined ? "" : getComputedStyle(span).color;
  });
  assert.equal(colour, "rgb(10, 200, 30)");
  assert.deepEqual(problems, []);
  await shot(page, "terminal");
  await context.close();
});

test("the size is the gateway's, and the room is told", async () => {
  const { page, context, peer } = await open("$ ");
  const count = sizes(peer.received).length;
  await page.setViewportSize({ width: 1000, height: 700 });
  const told = await peer.until((all) => (sizes(all).length > count ? sizes(all) : undefined));
  const [columns = 0, high = 0] = (told.at(-1) ?? "").split("x").map(Number);
  assert.ok(columns > 100 && high > 30, told.join());
  await peer.shown(record(0xb2, u16(columns, high)), more("\x1b[Hresized"));
  await rowIs(page, 0, "resized");
  assert.equal((await rows(page)).length, high);
  await context.close();
});

test("nothing asks this terminal for an answer", async () => {
  const { page, context, peer } = await open("$ ");
  const asking = [
    "\x1b[c", "\x1b[>c", "\x1b[=c", "\x1b[5n", "\x1b[6n", "\x1b[?6n", "\x1b[?25$p", "\x1b[4$p", "\x1bP$qm\x1b\\", "\x1bP+q544e\x1b\\",
    "\x1b]4;1;?\x07", "\x1b]10;?\x07", "\x1b]11;?\x07", "\x1b]12;?\x07", "\x1b]52;c;?\x07", "\x1b[18t", "\x1b[14t", "\x1b[21t", "\x1b[x", "\x1b[>q",
    "\x1b[?1004h", "\x1b[?1004l", "\x05", "\x1b]0;title\x07",
  ];
  await peer.shown(more(asking.join("")));
  await page.keyboard.type("x");
  await typedIs(peer, "x");
  assert.equal(await page.title(), "Porthole");
  await context.close();
});

test("keys that come before the terminal are kept", async () => {
  const context = await browser.newContext({ viewport: { width: 800, height: 500 } });
  const page = await context.newPage();
  let release = (): void => undefined;
  const held = new Promise<void>((done) => {
    release = done;
  });
  await page.route(/assets\/terminal-/, async (route) => {
    await held;
    await route.continue();
  });
  const greeted = gateway.greeted();
  await page.goto(`${gateway.origin}/s#token=${TOKEN}`);
  const peer = await greeted;
  const requested = page.waitForRequest(/assets\/terminal-/);
  peer.send(welcome(60_000, PERMISSIONS, 2, FEATURE_TERMINAL));
  const frame = peer.frame(look(), screen(80, 24, "$ "));
  await requested;
  await page.keyboard.type("echo Hi");
  await page.keyboard.press("Enter");
  release();
  await peer.acked(frame);
  await typedIs(peer, "echo Hi\r");
  await context.close();
});

test("several lines are asked about before they are pasted", async () => {
  const { page, context, peer, problems } = await open("$ ", { permissions: ["clipboard-read", "clipboard-write"] });
  const put = async (words: string): Promise<void> => page.evaluate(async (content) => navigator.clipboard.writeText(content), words);
  await put("one line \x1b[31m");
  await page.keyboard.press("Control+Shift+v");
  await typedIs(peer, "one line [31m");
  await put("first\nsecond <b>\n");
  await page.keyboard.press("Control+Shift+v");
  const dialog = page.getByRole("dialog", { name: "Paste several lines?" });
  await dialog.waitFor();
  assert.equal(await dialog.locator("pre").textContent(), "first\nsecond <b>\n");
  await shot(page, "paste");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await page.keyboard.press("Control+Shift+v");
  await dialog.getByLabel("Do not ask again").check();
  await dialog.getByRole("button", { name: "Paste" }).click();
  await typedIs(peer, "first\rsecond <b>\r");
  await page.keyboard.press("Control+Shift+v");
  await typedIs(peer, "first\rsecond <b>\r");
  await peer.shown(more("\x1b[?2004h"));
  await page.keyboard.press("Control+Shift+v");
  await typedIs(peer, "\x1b[200~first\rsecond <b>\r\x1b[201~");
  assert.deepEqual(problems, []);
  await context.close();
});

test("what is selected is copied, where that is allowed", async () => {
  const { page, context, peer } = await open("copy this\r\n$ ", { permissions: ["clipboard-read", "clipboard-write"] });
  await rowIs(page, 0, "copy this");
  await page.mouse.dblclick(20, 14);
  await page.keyboard.press("Control+Shift+c");
  assert.equal(await page.evaluate(async () => navigator.clipboard.readText()), "copy");
  assert.equal(typed(peer.received), "");
  await shot(page, "selection");
  await context.close();

  const other = await open("copy this\r\n$ ", { permissions: ["clipboard-read", "clipboard-write"], rights: 1 });
  await rowIs(other.page, 0, "copy this");
  await other.page.mouse.dblclick(20, 14);
  await other.page.keyboard.press("Control+Shift+c");
  await other.page.getByText("Copying from this session is not allowed.").waitFor();
  await other.page.keyboard.press("Control+Shift+v");
  await other.page.getByText("Pasting into this session is not allowed.").waitFor();
  await other.context.close();
});

test("search counts, marks and steps", async () => {
  const lines = Array.from({ length: 60 }, (_, at) => `row ${at} of Text`).join("\r\n");
  const { page, context, problems } = await open(`${lines}\r\n$ `);
  await page.keyboard.press("Control+Shift+f");
  const bar = page.getByRole("search");
  await bar.getByRole("textbox").fill("text");
  const count = bar.getByRole("status");
  await count.getByText("60 of 60").waitFor();
  await page.keyboard.press("Enter");
  await count.getByText("59 of 60").waitFor();
  await bar.getByRole("button", { name: "Next match" }).click();
  await count.getByText("60 of 60").waitFor();
  await bar.getByRole("button", { name: "Match case" }).click();
  await count.getByText("No matches").waitFor();
  await bar.getByRole("button", { name: "Match case" }).click();
  await bar.getByRole("button", { name: "Regular expression" }).click();
  await bar.getByRole("textbox").fill("row [0-9] ");
  await count.getByText("10 of 10").waitFor();
  await bar.getByRole("textbox").fill("(");
  await count.getByText("Not a regular expression").waitFor();
  await bar.getByRole("textbox").fill("row 5");
  await shot(page, "search");
  await page.keyboard.press("Escape");
  await bar.waitFor({ state: "hidden" });
  assert.deepEqual(problems, []);
  await context.close();
});

test("text size, colours and screen readers", async () => {
  const { page, context, peer, problems } = await open("$ \x1b[32mgreen\x1b[0m ┌──┐ \x1b[7m inverse \x1b[0m 日本語 👍 é\r\n");
  const size = async (): Promise<string> => page.evaluate(() => {
    const row = document.querySelector("#screen > div")?.shadowRoot?.querySelector(".xterm-rows");
    return row == null ? "" : getComputedStyle(row).fontSize;
  });
  assert.equal(await size(), "16px");
  await page.keyboard.press("Control+=");
  await page.keyboard.press("Control+=");
  assert.equal(await size(), "18px");
  await page.keyboard.press("Control+-");
  assert.equal(await size(), "17px");
  assert.equal(typed(peer.received), "");
  await page.locator(".toolbar .handle").click();
  await page.getByRole("button", { name: "Terminal" }).click();
  assert.equal(await page.getByRole("button", { name: "Special keys" }).isVisible(), false);
  assert.equal(await page.getByRole("button", { name: "Display" }).isVisible(), false);
  await page.getByLabel("For screen readers").check();
  await page.getByLabel("Light").check();
  await shot(page, "panel");
  const list = page.getByRole("list").getByText("green");
  await list.waitFor({ state: "attached" });
  await page.reload();
  const peerAgain = await gateway.greeted();
  peerAgain.send(welcome(60_000, PERMISSIONS, 3, FEATURE_TERMINAL));
  await peerAgain.shown(look(), screen(80, 24, "again"));
  await rowIs(page, 0, "again");
  assert.equal(await size(), "17px");
  await page.keyboard.press("Control+0");
  assert.equal(await size(), "16px");
  assert.deepEqual(problems, []);
  await context.close();
});

test("a link is shown before it is opened, and some never are", async () => {
  const { page, context, problems } = await open("see http://example.test/a?b=1 here\r\n\x1b]8;;javascript:alert(1)\x1b\\bad\x1b]8;;\x1b\\ \x1b]8;;https://porthole.test/x\x1b\\good\x1b]8;;\x1b\\\r\n");
  await rowIs(page, 1, "bad good");
  await page.mouse.move(100, 14);
  await page.mouse.click(101, 14);
  const dialog = page.getByRole("dialog");
  await dialog.getByText("http://example.test/a?b=1").waitFor();
  const link = dialog.getByRole("link", { name: "Open" });
  assert.equal(await link.getAttribute("rel"), "noopener noreferrer");
  assert.equal(await link.getAttribute("target"), "_blank");
  await shot(page, "link");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await page.mouse.move(16, 33);
  await page.mouse.click(17, 33);
  await dialog.getByText("javascript:alert(1)").waitFor();
  assert.equal(await dialog.getByRole("link").count(), 0);
  await page.keyboard.press("Escape");
  await page.mouse.move(60, 33);
  await page.mouse.click(61, 33);
  assert.equal(await link.getAttribute("href"), "https://porthole.test/x");
  assert.deepEqual(problems, []);
  await context.close();
});

test("questions in the remote's own words", async () => {
  const { page, context, peer } = await open("$ ");
  const one = (echo: number, words: string): Buffer => Buffer.concat([Buffer.from([echo]), u16(Buffer.byteLength(words)), Buffer.from(words)]);
  const asks = (words: string, ...all: readonly Buffer[]): Buffer => record(0x8c, Buffer.concat([Buffer.from([1, all.length]), ...all, Buffer.from(words)]));
  peer.send(asks("Two steps.\n<b>Have your token ready.</b>", one(0, "Password:"), one(1, "Token:")));
  const form = page.getByRole("form", { name: "Continue" });
  await form.getByText("<b>Have your token ready.</b>").waitFor();
  assert.equal(await form.getByLabel("Password:").getAttribute("type"), "password");
  assert.equal(await form.getByLabel("Token:").getAttribute("type"), "text");
  await form.getByLabel("Password:").fill("geheim");
  await form.getByLabel("Token:").fill("123456");
  await shot(page, "questions");
  await page.keyboard.press("Enter");
  const replies = await peer.until((all) => all.find(({ kind }) => kind === 0x89));
  assert.equal(replies.body.toString("latin1"), "\x02\x06\x00geheim\x06\x00123456");
  await form.waitFor({ state: "hidden" });
  peer.send(asks("Read this.", ));
  await form.getByText("Read this.").waitFor();
  peer.send(record(0x8c, Buffer.from([0, 0])));
  await form.waitFor({ state: "hidden" });
  await context.close();
});

test("those who only watch get a text that fits, and type nothing", async () => {
  const { page, context, peer } = await open("watched", { query: "view-only" });
  await peer.shown(screen(200, 60, "watched\x1b[60;195Hcorner"));
  await rowIs(page, 0, "watched");
  await page.keyboard.type("x");
  await peer.shown(more("."));
  assert.equal(typed(peer.received), "");
  assert.deepEqual(sizes(peer.received), []);
  const fits = await page.evaluate(() => {
    const box = document.querySelector("#screen > div")?.shadowRoot?.querySelector(".box");
    return box != null && box.scrollWidth <= box.clientWidth && box.scrollHeight <= box.clientHeight;
  });
  assert.ok(fits);
  await shot(page, "watched");
  await context.close();
});

test("a phone has the keys that its keyboard lacks", async () => {
  const { page, context, peer, problems } = await open("$ ", { hasTouch: true, isMobile: true, viewport: { width: 390, height: 700 } });
  const bar = page.getByRole("toolbar", { name: "Keys" });
  await bar.getByRole("button", { name: "Esc" }).tap();
  await bar.getByRole("button", { name: "↑" }).tap();
  await bar.getByRole("button", { name: "Ctrl" }).tap();
  await page.locator(".xterm-screen").tap();
  await page.keyboard.type("c");
  await page.keyboard.type("d");
  await bar.getByRole("button", { name: "~" }).tap();
  await typedIs(peer, "\x1b\x1b[A\x03d~");
  await peer.shown(more("\x1b[?1h"));
  await bar.getByRole("button", { name: "→" }).tap();
  await typedIs(peer, "\x1bOC");
  await shot(page, "phone");
  assert.deepEqual(problems, []);
  await context.close();
});

test("another socket brings the screen anew", async () => {
  const { page, context, peer } = await open("before");
  peer.frame(more(" and more"));
  peer.socket.terminate();
  const again = await gateway.greeted();
  again.send(welcome(60_000, PERMISSIONS, 3, FEATURE_TERMINAL));
  await again.shown(look(), screen(80, 24, "after"));
  await rowIs(page, 0, "after");
  await state(page, "connected");
  await page.keyboard.type("y");
  await typedIs(again, "y");
  await context.close();
});

test("a picture where that is wanted", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const greeted = gateway.greeted();
  await page.goto(`${gateway.origin}/s?terminal=picture#token=${TOKEN}`);
  const peer = await greeted;
  const hello = await peer.until((all) => all.find(({ kind }) => kind === 0x01));
  assert.equal(hello.body.readUInt32LE(2) & FEATURE_TERMINAL, 0);
  await context.close();
});

test("a graphics processor draws, where there is one", async (context) => {
  const graphic = await launch(["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]);
  context.after(async () => graphic.close());
  const page = await graphic.newPage({ viewport: { width: 800, height: 500 } });
  const problems: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") {
      problems.push(message.text());
    }
  });
  const greeted = gateway.greeted();
  await page.goto(`${gateway.origin}/s#token=${TOKEN}`);
  const peer = await greeted;
  peer.send(welcome(60_000, PERMISSIONS, 2, FEATURE_TERMINAL));
  await peer.shown(look(), screen(80, 24, "\x1b[44m┌──┐ blue 日本語 👍\x1b[0m"));
  await page.locator(".xterm-screen canvas").first().waitFor({ state: "attached" });
  await page.locator(".xterm-rows").waitFor({ state: "detached" });
  await shot(page, "graphics");
  assert.deepEqual(problems, []);
  // Both ways of drawing come and go without leaving a style sheet behind.
  assert.equal(await page.evaluate(() => document.querySelector("#screen > div")?.shadowRoot?.querySelectorAll("style").length), 0);
});
