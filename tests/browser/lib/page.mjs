/** The browser, and the client's page in it. */

import { chromium } from "playwright-core";
import { WAIT_MAX_MS, until } from "./wait.mjs";

/**
 * @typedef {import("playwright-core").Page | import("playwright-core").Frame} View
 * @typedef {import("./pictures.mjs").Picture} Picture
 */

const EXECUTABLE = process.env["PORTHOLE_CHROMIUM"] ?? "/usr/bin/chromium";
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Screenshots then have the page's own numbers.
  "--force-color-profile=srgb",
];

/** Starts a browser. @param {readonly string[]} [flags] more for its command line */
export function openBrowser(flags = []) {
  return chromium.launch({ executablePath: EXECUTABLE, args: [...FLAGS, ...flags] });
}

/**
 * Opens a page in a context of its own, which `page.context().close()` ends, and gathers its complaints.
 *
 * @param {import("playwright-core").Browser} browser
 * @param {string} address
 * @param {import("playwright-core").BrowserContextOptions & { permissions?: string[] }} [options]
 */
export async function openPage(browser, address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 800, height: 600 }, locale: "en-GB", ...options });
  context.setDefaultTimeout(WAIT_MAX_MS);
  const page = await context.newPage();
  const problems = gatherProblems(page);
  await page.goto(address);
  return { page, context, problems };
}

/**
 * Errors and warnings of a page's console, and errors that nobody caught.
 *
 * @param {import("playwright-core").Page} page
 */
export function gatherProblems(page) {
  /** @type {string[]} */
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") {
      problems.push(`${message.type()}: ${message.text()}`);
    }
  });
  return problems;
}

/**
 * Waits until the screen's `data-state` is one of `wanted`, and returns it with `data-cause`.
 *
 * @param {View} view
 * @param {string | readonly string[]} wanted
 * @param {string} [selector] the element that holds the screen
 */
export async function waitForState(view, wanted, selector = "#screen") {
  /** @type {{ state?: string, cause?: string } | null} */
  let last = null;
  return until(`state ${String(wanted)}`, async () => {
    last = await stateOf(view, selector);
    return wanted.includes(last?.state ?? "none") ? last : undefined;
  }, () => JSON.stringify(last));
}

/**
 * Null while there is no such element, or the page is being replaced.
 *
 * @param {View} view
 * @param {string} selector
 * @returns {Promise<{ state?: string, cause?: string } | null>}
 */
async function stateOf(view, selector) {
  try {
    return await view.evaluate((name) => {
      const element = document.querySelector(name);
      return element instanceof HTMLElement ? { ...element.dataset } : null;
    }, selector);
  } catch (error) {
    if (String(error).includes("context was destroyed")) {
      return null;
    }
    throw error;
  }
}

/**
 * Notes each state from now on; `await states()` gives them in order.
 *
 * @param {View} view
 */
export async function watchStates(view) {
  const handle = await view.evaluateHandle(() => {
    const element = /** @type {HTMLElement} */ (document.querySelector("#screen"));
    /** @type {string[]} */
    const states = [];
    new MutationObserver(() => states.push(element.dataset["state"] ?? "")).observe(element, { attributeFilter: ["data-state"] });
    return states;
  });
  return () => handle.jsonValue();
}

/**
 * Waits until the canvas holds exactly `expected`: its size and each of its pixels.
 *
 * @param {View} view
 * @param {Picture} expected
 * @param {string} [selector] the element that holds the screen
 */
export async function waitForPicture(view, expected, selector = "#screen") {
  const handle = await view.evaluateHandle((rgb) => Uint8Array.from(atob(rgb), (letter) => letter.charCodeAt(0)), expected.rgb.toString("base64"));
  let last = "";
  try {
    await until("exact picture", async () => {
      last = await view.evaluate(compare, { selector, rgb: handle, width: expected.width, height: expected.height });
      return last === "";
    }, () => last);
  } finally {
    await handle.dispose();
  }
}

/**
 * Waits until the canvas is as like `expected` as `leastDb` says: its peak signal-to-noise ratio.
 *
 * @param {View} view
 * @param {Picture} expected
 * @param {number} leastDb
 */
export async function waitForLikeness(view, expected, leastDb) {
  const rgb = await view.evaluateHandle((bytes) => Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0)), expected.rgb.toString("base64"));
  const { width, height } = expected;
  let last = "";
  try {
    await until(`picture of ${leastDb} dB`, async () => {
      last = await view.evaluate(compare, { selector: "#screen", rgb, width, height, leastDb });
      return last === "";
    }, () => last);
  } finally {
    await rgb.dispose();
  }
}

/**
 * Waits until the canvas shows what an X display shows at the same time. The display is read each time anew: what was typed
 * may not be on it yet, and text cursors move.
 *
 * @param {View} view
 * @param {import("./x11.mjs").Display} display
 */
export async function waitForDisplay(view, display) {
  let last = "";
  await until("picture of the display", async () => {
    last = await difference(view, await display.grab(), "#screen");
    return last === "";
  }, () => last);
}

/**
 * How the canvas differs from a picture now, or nothing.
 *
 * @param {View} view
 * @param {Picture} expected
 * @param {string} selector
 */
async function difference(view, expected, selector) {
  const { width, height } = expected;
  const handle = await view.evaluateHandle((rgb) => Uint8Array.from(atob(rgb), (letter) => letter.charCodeAt(0)), expected.rgb.toString("base64"));
  try {
    return await view.evaluate(compare, { selector, rgb: handle, width, height });
  } finally {
    await handle.dispose();
  }
}

/**
 * What the canvas shows now, or null while there is none.
 *
 * @param {View} view
 * @returns {Promise<Picture | null>}
 */
export async function grabCanvas(view) {
  const grabbed = await view.evaluate(async (selector) => {
    const canvas = document.querySelector(`${selector} .porthole-host`)?.shadowRoot?.querySelector("canvas");
    const { width, height } = canvas ?? { width: 0, height: 0 };
    const context = width * height === 0 ? null : new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    if (!canvas || context === null) {
      return null;
    }
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    let text = "";
    for (let at = 0; at < data.length; at += 4_096) {
      text += String.fromCharCode(...data.subarray(at, at + 4_096));
    }
    return { width, height, rgba: btoa(text) };
  }, "#screen");
  if (grabbed === null) {
    return null;
  }
  const rgba = Buffer.from(grabbed.rgba, "base64");
  const rgb = Buffer.alloc(3 * grabbed.width * grabbed.height);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgba.copy(rgb, to, from, from + 3);
  }
  return { width: grabbed.width, height: grabbed.height, rgb };
}

/**
 * Runs in the page: says how the canvas differs, or nothing.
 *
 * @param {{ selector: string, rgb: Uint8Array, width: number, height: number, leastDb?: number }} wanted
 */
function compare({ selector, rgb, width, height, leastDb }) {
  const canvas = document.querySelector(`${selector} .porthole-host`)?.shadowRoot?.querySelector("canvas");
  if (!canvas) {
    return "there is no canvas";
  }
  if (canvas.width !== width || canvas.height !== height) {
    return `the canvas has ${canvas.width}x${canvas.height} pixels`;
  }
  const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (copy === null) {
    return "there is no context";
  }
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, width, height);
  if (leastDb !== undefined) {
    const squares = rgb.reduce((sum, want, at) => sum + ((data[4 * Math.floor(at / 3) + (at % 3)] ?? 0) - want) ** 2, 0);
    const db = 10 * Math.log10(255 ** 2 / (squares / rgb.length));
    return db >= leastDb ? "" : `${db.toFixed(1)} dB`;
  }
  let wrong = 0;
  let first = "";
  for (let pixel = 0; pixel < width * height; pixel++) {
    const [to, from] = [3 * pixel, 4 * pixel];
    if (data[from] !== rgb[to] || data[from + 1] !== rgb[to + 1] || data[from + 2] !== rgb[to + 2] || data[from + 3] !== 255) {
      wrong += 1;
      first ||= `${pixel % width},${Math.floor(pixel / width)} is ${data.slice(from, from + 4)}, not ${rgb.slice(to, to + 3)}`;
    }
  }
  return wrong === 0 ? "" : `${wrong} pixels differ, first ${first}`;
}

/**
 * Where the canvas is in the page, in CSS pixels.
 *
 * @param {View} view
 */
export function canvasBox(view) {
  return view.evaluate(() => {
    const box = document.querySelector("#screen .porthole-host")?.shadowRoot?.querySelector("canvas")?.getBoundingClientRect();
    return { x: box?.x ?? 0, y: box?.y ?? 0, width: box?.width ?? 0, height: box?.height ?? 0 };
  });
}
