/** The browser, on its side of the network. */

import { chmodSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { chromium } from "playwright-core";
import { installProbe } from "./probe.mjs";
import { HEIGHT, WIDTH } from "./desktop.mjs";
import { nowMs, temporaryFolder } from "./programs.mjs";

const EXECUTABLE = process.env["PORTHOLE_CHROMIUM"] ?? "/usr/bin/chromium";
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--force-color-profile=srgb",
];
/** Questions from which the page's clock is learnt. */
const CLOCK_TRIES = 40;
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** A browser in the browser's namespace. */
export class Browser {
  #folder = temporaryFolder();
  #browser = /** @type {import("playwright-core").Browser} */ (/** @type {unknown} */ (null));

  /**
   * @param {import("./network.mjs").Network} network
   * @param {readonly number[]} ports of pages that may do what only secure ones may: a person's would be
   */
  static async start(network, ports) {
    const browser = new Browser();
    let executablePath = EXECUTABLE;
    if (network.near !== null) {
      executablePath = `${browser.#folder.path}/chromium`;
      writeFileSync(executablePath, `#!/bin/sh\nexec ip netns exec ${network.near} ${EXECUTABLE} "$@"\n`);
      chmodSync(executablePath, 0o755);
    }
    const origins = ports.map((port) => `http://${network.address}:${port}`);
    const args = [...FLAGS, `--unsafely-treat-insecure-origin-as-secure=${origins.join(",")}`];
    browser.#browser = await chromium.launch({ executablePath, args });
    return browser;
  }

  get version() {
    return this.#browser.version();
  }

  /** Opens nothing yet: a page with a probe, in a context and cache of its own. */
  async page() {
    const context = await this.#browser.newContext({ viewport: { width: WIDTH, height: HEIGHT }, locale: "en-GB" });
    context.setDefaultTimeout(60_000);
    await context.addInitScript(installProbe);
    const page = await context.newPage();
    return new Page(page, context, this.#browser);
  }

  async stop() {
    await this.#browser.close();
    this.#folder.remove();
  }
}

/** One page and what its probe sees. */
export class Page {
  #browser;
  /** Errors of the page. @type {string[]} */
  problems = [];

  /**
   * @param {import("playwright-core").Page} page
   * @param {import("playwright-core").BrowserContext} context
   * @param {import("playwright-core").Browser} browser
   */
  constructor(page, context, browser) {
    this.page = page;
    this.context = context;
    this.#browser = browser;
    page.on("pageerror", (error) => this.problems.push(String(error)));
  }

  /** Opens an address and waits for a picture of the desktop's size. @param {string} address */
  async open(address) {
    await this.page.goto(address);
    await this.page.waitForFunction(() => window.portholeProbe.isThere(), undefined, { polling: 50 });
    // Keys go to what is under the pointer.
    await this.page.mouse.move(1064, 584);
    await this.#raise();
  }

  /** Gives pages our own nice value, which Chromium takes from them. */
  async #raise() {
    const nice = getPriority();
    for (const { pid } of nice === 0 ? [] : await this.#renderers()) {
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        try {
          setPriority(Number(thread), nice);
        } catch {
          // It has ended meanwhile.
        }
      }
    }
  }

  /** Milliseconds to add to the page's clock for the machine's monotonic one: from the quickest answer. */
  async clock() {
    let best = { trip: Infinity, offset: 0 };
    for (let count = 0; count < CLOCK_TRIES; count++) {
      const before = nowMs();
      const there = await this.page.evaluate(() => window.portholeProbe.now());
      const trip = nowMs() - before;
      if (trip < best.trip) {
        best = { trip, offset: before + trip / 2 - there };
      }
    }
    return best;
  }

  /**
   * Processor time in milliseconds and resident bytes of the page's process, the busiest there is.
   */
  async usage() {
    const renderers = await this.#renderers();
    return renderers.sort((one, other) => other.cpuMs - one.cpuMs)[0] ?? { pid: 0, cpuMs: 0, residentBytes: 0 };
  }

  /** The process that puts pictures together for the screen, if it is one of its own. */
  async gpu() {
    const processes = await this.#processes();
    return processes.find(({ type }) => type === "GPU")?.id ?? null;
  }

  async #renderers() {
    const processes = await this.#processes();
    return processes.filter(({ type }) => type === "renderer").map(({ id }) => usageOf(id));
  }

  async #processes() {
    const session = await this.#browser.newBrowserCDPSession();
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    await session.detach();
    return processInfo;
  }

  /** @param {string} path */
  async screenshot(path) {
    await this.page.screenshot({ path });
  }

  async close() {
    await this.context.close();
  }
}

/** Processor time and memory of a process. @param {number} pid */
export function usageOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name, in brackets, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  return { pid, cpuMs: (ticks * 1000) / TICKS_PER_SECOND, residentBytes: pages * PAGE_BYTES };
}

/** The same of a process and all that it started. @param {number} pid @returns {{ cpuMs: number, residentBytes: number }} */
export function treeOf(pid) {
  const { cpuMs, residentBytes } = usageOf(pid);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter((id) => id !== "");
  return children.map((id) => treeOf(Number(id))).reduce((sum, one) => ({ cpuMs: sum.cpuMs + one.cpuMs, residentBytes: sum.residentBytes + one.residentBytes }), { cpuMs, residentBytes });
}
