/** A long run: whether memory grows, in the page, in the browser's processes and in the subject. */

import { readFileSync } from "node:fs";
import { median } from "./numbers.mjs";
import { nowMs, sleep } from "./programs.mjs";

const SAMPLE_GAP_MS = 10_000;
/** Everything takes its turn once before anything is compared: caches and buffers fill meanwhile. */
const WARM_UP_MS = 60_000;
/** What is compared at both ends: each turn once. */
const END_S = 60;
/** Pixels of a piece that the client keeps: 64 by 64, of four bytes. */
const CELL_KIB = 16;
/** These grow to a bound that the client sets, and are not what is looked for; nor is what holds them. */
const BOUNDED = ["cellsKib", "rendererPssKib", "rendererRssKib"];
/** What the last minute may have more than the first: what a collector leaves lying and an allocator keeps. */
const SLACK_SHARE = 0.03;
const SLACK_KIB = 1_024;

/**
 * What is looked at, by its name in a sample, and what it is called.
 *
 * @type {Readonly<Record<string, string>>}
 */
const TITLES = {
  pageHeapKib: "JavaScript heap of the page",
  workerHeapKib: "JavaScript heap of the worker",
  rendererPssKib: "tab's process, PSS",
  rendererRssKib: "tab's process, RSS",
  cellsKib: "pieces of the picture that the client keeps, of it",
  restPssKib: "the rest of its PSS",
  gpuPssKib: "GPU process, PSS",
  gpuRssKib: "GPU process, RSS",
  subjectRssKib: "subject, RSS",
};

/**
 * @typedef {{ readonly second: number } & Record<string, number>} Sample
 * @typedef {{ readonly name: string, readonly title: string, readonly firstKib: number, readonly lastKib: number, readonly slopeKibPerMin: number, readonly grows: boolean }} Trend
 */

/**
 * Looks again and again for some minutes.
 *
 * @param {number} minutes
 * @param {import("./browser.mjs").Page} page
 * @param {import("./subjects.mjs").Running} running
 * @param {import("./subjects.mjs").Subject} subject
 * @returns {Promise<Sample[]>}
 */
export async function watch(minutes, page, running, subject) {
  const heaps = await Heaps.of(page);
  await sleep(WARM_UP_MS);
  const began = nowMs();
  /** @type {Sample[]} */
  const samples = [];
  for (let count = 0; count <= (minutes * 60_000) / SAMPLE_GAP_MS; count++) {
    await sleep(Math.max(0, began + count * SAMPLE_GAP_MS - nowMs()));
    // What the probe collects must not count.
    await page.page.evaluate(() => window.portholeProbe.clear());
    const engine = await subject.engine(page);
    const seen = await processes(page, running);
    const cellsKib = (engine?.cells ?? 0) * CELL_KIB;
    const kept = engine === null ? {} : { cellsKib, restPssKib: seen.rendererPssKib - cellsKib };
    samples.push({ second: (nowMs() - began) / 1000, ...(await heaps.look()), ...seen, ...kept });
  }
  return samples;
}

/**
 * What became of each value from the first minute to the last.
 *
 * @param {readonly Sample[]} samples
 * @returns {Trend[]}
 */
export function trends(samples) {
  const end = samples.at(-1)?.second ?? 0;
  return Object.entries(TITLES).flatMap(([name, title]) => {
    const points = samples.flatMap((sample) => (sample[name] === undefined ? [] : [{ minute: sample.second / 60, kib: sample[name] }]));
    if (points.length < 2) {
      return [];
    }
    const part = (/** @type {(second: number) => boolean} */ chosen) => median(points.filter(({ minute }) => chosen(minute * 60)).map(({ kib }) => kib));
    const firstKib = part((second) => second <= END_S);
    const lastKib = part((second) => second >= end - END_S);
    const isBounded = BOUNDED.includes(name) && samples.every((sample) => "cellsKib" in sample);
    const grows = !isBounded && lastKib - firstKib > Math.max(SLACK_KIB, SLACK_SHARE * firstKib);
    return [{ name, title, firstKib, lastKib, slopeKibPerMin: slope(points), grows }];
  });
}

/** Of the straight line that fits best. @param {readonly { minute: number, kib: number }[]} points */
function slope(points) {
  const mean = (/** @type {readonly number[]} */ values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(({ minute }) => minute)), mean(points.map(({ kib }) => kib))];
  const along = points.reduce((sum, { minute, kib }) => sum + (minute - x) * (kib - y), 0);
  return along / points.reduce((sum, { minute }) => sum + (minute - x) ** 2, 0);
}

/**
 * @param {import("./browser.mjs").Page} page
 * @param {import("./subjects.mjs").Running} running
 */
async function processes(page, running) {
  const [renderer, gpu, subject] = [await page.usage(), await page.gpu(), memoryOf(running.pid)];
  const [tab, graphics] = [memoryOf(renderer.pid), gpu === null ? null : memoryOf(gpu)];
  return {
    rendererPssKib: tab.pssKib,
    rendererRssKib: tab.rssKib,
    ...(graphics === null ? {} : { gpuPssKib: graphics.pssKib, gpuRssKib: graphics.rssKib }),
    subjectRssKib: subject.rssKib,
  };
}

/** @param {number} pid */
function memoryOf(pid) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const of = (/** @type {string} */ name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1] ?? NaN);
  return { rssKib: of("Rss"), pssKib: of("Pss") };
}

/** The heaps of a page and of its workers, through the browser's debugging protocol. */
class Heaps {
  /** @type {import("playwright-core").CDPSession} */
  #session;
  /** Sessions of workers that there are now. @type {Set<string>} */
  #workers = new Set();
  /** @type {Map<number, (answer: any) => void>} */
  #waiting = new Map();
  #asked = 0;

  /** @param {import("playwright-core").CDPSession} session */
  constructor(session) {
    this.#session = session;
  }

  /** @param {import("./browser.mjs").Page} page */
  static async of(page) {
    const session = await page.context.newCDPSession(page.page);
    const heaps = new Heaps(session);
    session.on("Target.attachedToTarget", ({ sessionId, targetInfo }) => {
      if (targetInfo.type === "worker") {
        heaps.#workers.add(sessionId);
      }
    });
    session.on("Target.detachedFromTarget", ({ sessionId }) => heaps.#workers.delete(sessionId));
    session.on("Target.receivedMessageFromTarget", ({ message }) => {
      const answer = JSON.parse(message);
      heaps.#waiting.get(answer.id)?.(answer);
      heaps.#waiting.delete(answer.id);
    });
    await session.send("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
    return heaps;
  }

  /** What is in use after everything unreachable was collected. */
  async look() {
    await this.#session.send("HeapProfiler.collectGarbage");
    const page = await this.#session.send("Runtime.getHeapUsage");
    let worker = 0;
    for (const id of this.#workers) {
      await this.#ask(id, "HeapProfiler.collectGarbage");
      worker += heapKib(await this.#ask(id, "Runtime.getHeapUsage"));
    }
    return { pageHeapKib: heapKib(page), ...(this.#workers.size === 0 ? {} : { workerHeapKib: worker }) };
  }

  /** @param {string} sessionId @param {string} method @returns {Promise<any>} */
  async #ask(sessionId, method) {
    const id = ++this.#asked;
    const answer = new Promise((done) => this.#waiting.set(id, done));
    await this.#session.send("Target.sendMessageToTarget", { sessionId, message: JSON.stringify({ id, method, params: {} }) });
    return (await answer).result;
  }
}

/** With what it holds outside of itself, such as the bytes of array buffers. @param {any} usage */
function heapKib({ usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 }) {
  return (usedSize + embedderHeapUsedSize + backingStorageSize) / 1024;
}
