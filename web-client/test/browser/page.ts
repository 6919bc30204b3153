/** The built page in Chromium: opens it, and looks at its canvas. */

import assert from "node:assert/strict";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import type { Gateway, Peer, Rectangle } from "./gateway.js";

const CHROMIUM = process.env["PORTHOLE_CHROMIUM"] ?? "/usr/bin/chromium";
const FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
/** A page that wants nothing of a token's content. */
export const TOKEN = "aaa.bbb.ccc";

/** Starts a browser that paints by itself, or with other `flags`. */
export async function launch(flags: readonly string[] = ["--disable-gpu"]): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...flags] });
}

/** A connected page. */
export interface Opened {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly peer: Peer;
}

/** Opens the page at `path` in a context of its own and waits until it is connected. */
export async function openScreen(browser: Browser, gateway: Gateway, query: string, width = 64, height = 48, path = "/s"): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 640, height: 480 } });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") {
      problems.push(message.text());
    }
  });
  const peerComes = gateway.welcome(width, height);
  await page.goto(`${gateway.origin}${path}?${query}#token=${TOKEN}`);
  const peer = await peerComes;
  await state(page, "connected");
  assert.deepEqual(problems, []);
  return { page, context, peer };
}

/** Opens the page with its engine on the page's own thread, where `script`, run before all others, can reach it. */
export async function openOnPage(browser: Browser, gateway: Gateway, script: () => void, width = 64, height = 48): Promise<Opened> {
  const policy = gateway.policy;
  gateway.policy = policy.replace("worker-src 'self' blob:", "worker-src 'none'");
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(script);
  const peerComes = gateway.welcome(width, height);
  await page.goto(`${gateway.origin}/s?bare&scale=native#token=${TOKEN}`);
  const peer = await peerComes;
  gateway.policy = policy;
  await state(page, "connected");
  assert.equal(page.workers().length, 0);
  return { page, context, peer };
}

/** Waits for a state of the screen. */
export async function state(page: Page, want: string): Promise<void> {
  await page.waitForSelector(`#screen[data-state="${want}"]`, { state: "attached" });
}

/** The canvas's pixels as RGB triples in hexadecimal, row by row. */
export async function pixels(page: Page, rect: Rectangle): Promise<readonly string[]> {
  return page.evaluate(({ x, y, width, height }) => {
    const canvas = document.querySelector("#screen > div")?.shadowRoot?.querySelector<HTMLCanvasElement>(".viewport canvas");
    const copied = document.createElement("canvas");
    copied.width = width;
    copied.height = height;
    const context = copied.getContext("2d");
    if (canvas == null || context === null) {
      return [];
    }
    context.drawImage(canvas, -x, -y);
    const { data } = context.getImageData(0, 0, width, height);
    return Array.from({ length: width * height }, (_, at) =>
      [...data.subarray(4 * at, 4 * at + 3)].map((part) => part.toString(16).padStart(2, "0")).join(""),
    );
  }, rect);
}

/** A canvas in a worker reaches the page with its next frame; this waits for a settled answer. */
export async function shows(page: Page, rect: Rectangle, want: readonly string[]): Promise<void> {
  let got: readonly string[] = [];
  for (let attempt = 0; attempt < 40; attempt++) {
    got = await pixels(page, rect);
    if (got.join() === want.join()) {
      return;
    }
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  const wrong = want.findIndex((colour, at) => got[at] !== colour);
  assert.fail(`pixel ${wrong % rect.width},${Math.floor(wrong / rect.width)} of the part is ${String(got[wrong])}, not ${String(want[wrong])}`);
}

/** Red, green and blue in hexadecimal. */
export const hex = (colour: readonly number[]): string => colour.map((part) => part.toString(16).padStart(2, "0")).join("");
