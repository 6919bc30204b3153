/** The measurements. Each starts its own desktop, subject and page, and ends them. */

import { Desktop, HEIGHT, WIDTH } from "./desktop.mjs";
import { treeOf } from "./browser.mjs";
import { nowMs, sleep } from "./programs.mjs";
import { trends, watch } from "./soak.mjs";
import { median, percentile, spread } from "./numbers.mjs";

/** Longest wait for the answer to one key. It then counts as this long. */
const ANSWER_MAX_MS = 15_000;
/** Before anything is measured: programs warm up, and networks find their rate. */
const WARM_UP_MS = 4_000;
/** Colours that answer keys, in turn. */
const COLOURS = 8;
const DEAD_S = 5;
/** How often the network dies: when TCP tries again after the network is back is a matter of luck. */
const DEATHS = 3;
const REST_BETWEEN_DEATHS_MS = 3_700;
/** Longest wait for a picture after the network came back. */
const BACK_MAX_MS = 60_000;
/** How far behind its usual age a picture may be to count as right again. */
const BACK_SLACK_MS = 50;

/**
 * @typedef {{
 *   readonly network: import("./network.mjs").Network,
 *   readonly browser: import("./browser.mjs").Browser,
 *   readonly subject: import("./subjects.mjs").Subject,
 *   readonly ports: { readonly vnc: number, readonly web: number },
 *   readonly keys: number,
 *   readonly seconds: number,
 *   readonly minutes: number,
 *   readonly screenshots: string | null,
 * }} Place where and how to measure
 */

/**
 * Starts a desktop with a subject before it, and ends both.
 *
 * @template T
 * @param {Place} place
 * @param {string} workload
 * @param {(desktop: Desktop, running: import("./subjects.mjs").Running, page: import("./browser.mjs").Page) => Promise<T>} work
 */
async function within(place, workload, work) {
  const { network, subject, ports } = place;
  const desktop = await Desktop.start(network, ports.vnc, workload);
  try {
    const running = await subject.start(network, ports.web, ports.vnc);
    try {
      const page = await place.browser.page();
      try {
        return await work(desktop, running, page);
      } catch (error) {
        throw new Error(`${subject.name}, ${network.profile}, ${workload}: ${String(error)}\n${page.problems.join("\n")}\n${running.log().slice(-2000)}`);
      } finally {
        await page.close();
      }
    } finally {
      await running.stop();
    }
  } finally {
    await desktop.stop();
  }
}

/**
 * Presses keys one after the other, each when the one before was answered and a time that keeps no step with anything.
 *
 * @param {import("./browser.mjs").Page} page
 * @param {() => number | Promise<number>} arrived keys that have come to what answers them
 * @param {number} count
 * @param {number} untilMs no more keys after this moment
 */
async function pressKeys(page, arrived, count, untilMs = Infinity) {
  const answers = [];
  for (let number = 0; number < count && nowMs() < untilMs; number++) {
    await sleep(80 + ((number * 37) % 101));
    const before = await arrived();
    await page.page.evaluate(
      ([longest, colour]) => window.portholeProbe.arm(longest, colour),
      /** @type {const} */ ([ANSWER_MAX_MS, (before + 1) % COLOURS]),
    );
    await page.page.keyboard.press("a");
    const answer = await page.page.evaluate(() => window.portholeProbe.answer());
    answers.push(answer ?? ANSWER_MAX_MS);
    // One that was seen on the screen has been told of too, a moment ago; one that was not may still come.
    const deadline = nowMs() + ANSWER_MAX_MS;
    while ((await arrived()) === before && nowMs() < deadline) {
      await sleep(5);
    }
  }
  return answers;
}

/** Key to pixel of a page that draws by itself. @param {Pick<Place, "browser" | "keys">} place */
export async function floor({ browser, keys }) {
  const page = await browser.page();
  try {
    await page.open(new URL("../pages/floor.html", import.meta.url).href);
    await sleep(500);
    const arrived = () => page.page.evaluate(() => window.portholeProbe.keys());
    return { key: spread(await pressKeys(page, arrived, keys)) };
  } finally {
    await page.close();
  }
}

/**
 * Ages of the pictures that the page showed, at each moment that it looked, and how often a new one came.
 *
 * @param {{ times: number[], numbers: number[] }} seen by the page's clock
 * @param {Map<number, number>} steps when each was drawn, by the monotonic clock
 * @param {number} offset from the first clock to the second
 */
function agesOf(seen, steps, offset) {
  /** @type {{ at: number, age: number }[]} */
  const ages = [];
  let fresh = 0;
  let unread = 0;
  let last = -1;
  seen.times.forEach((time, index) => {
    const number = seen.numbers[index] ?? -1;
    const drawn = steps.get(number);
    if (drawn === undefined) {
      unread += 1;
      return;
    }
    fresh += number === last ? 0 : 1;
    last = number;
    ages.push({ at: time + offset, age: time + offset - drawn });
  });
  const timeMs = (seen.times.at(-1) ?? 0) - (seen.times[0] ?? 0);
  return { ages, framesPerS: (fresh * 1000) / timeMs, unreadShare: unread / Math.max(1, seen.times.length) };
}

/** Workloads whose steps carry their numbers. @type {readonly string[]} */
const NUMBERED = ["page", "video"];

/**
 * Keys, what the browser did and, when what moves carries its number, its age.
 *
 * @param {Place} place
 * @param {"still" | "terminal" | "page" | "video"} workload
 */
export function keysAndAge(place, workload) {
  return within(place, workload, async (desktop, running, page) => {
    await page.open(running.address);
    if (workload !== "still") {
      desktop.go();
    }
    await sleep(WARM_UP_MS);
    const { offset, trip } = await page.clock();
    const before = await page.usage();
    const serverBefore = treeOf(running.pid);
    const began = nowMs();
    await page.page.evaluate(() => window.portholeProbe.clear());
    await place.subject.engine(page);
    const answers = await pressKeys(page, () => desktop.keys(), place.keys, began + place.seconds * 3000);
    await sleep(Math.max(0, began + place.seconds * 1000 - nowMs()));
    const seen = await page.page.evaluate(() => window.portholeProbe.seen());
    const engine = await place.subject.engine(page);
    const after = await page.usage();
    const serverAfter = treeOf(running.pid);
    const timeMs = nowMs() - began;
    if (place.screenshots !== null) {
      await page.screenshot(`${place.screenshots}/${place.subject.name}-${place.network.profile}-${workload}.png`);
    }
    const { ages, framesPerS, unreadShare } = agesOf(seen, desktop.steps(), offset);
    return {
      key: spread(answers),
      strayKeys: desktop.keys() - answers.length,
      ...(NUMBERED.includes(workload) ? { age: spread(ages.map(({ age }) => age)), framesPerS, unreadShare } : {}),
      engine,
      looksPerS: (seen.times.length * 1000) / timeMs,
      lookMs: seen.lookMs / Math.max(1, seen.times.length),
      clockErrorMs: trip / 2,
      tabCpuPercent: ((after.cpuMs - before.cpuMs) * 100) / timeMs,
      serverCpuPercent: ((serverAfter.cpuMs - serverBefore.cpuMs) * 100) / timeMs,
      network: await place.network.stats(),
      problems: page.problems,
    };
  });
}

/**
 * From the start of the navigation to a whole picture, with an empty cache.
 *
 * @param {Place} place
 */
export function firstPicture(place) {
  return within(place, "page", async (desktop, running, page) => {
    const { rgb } = sampled(await desktop.grab());
    // The page's clock starts with the navigation.
    await page.context.addInitScript(({ rgb, width, height }) => {
      window.portholeFirst = window.portholeProbe.whenWhole(width, height, rgb);
    }, { rgb: rgb.toString("base64"), width: WIDTH / SAMPLE_STEP, height: HEIGHT / SAMPLE_STEP });
    await page.page.goto(running.address, { waitUntil: "commit" });
    const first = await page.page.evaluate(async () => window.portholeFirst);
    return { firstMs: first, problems: page.problems };
  });
}

const SAMPLE_STEP = 5;

/** Each fifth pixel of each fifth row, from the middle on. @param {import("./desktop.mjs").Picture} picture */
function sampled({ width, height, rgb }) {
  const [columns, rows] = [width / SAMPLE_STEP, height / SAMPLE_STEP];
  const small = Buffer.alloc(3 * columns * rows);
  for (let row = 0, to = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, to += 3) {
      const from = 3 * (width * (SAMPLE_STEP * row + 2) + SAMPLE_STEP * column + 2);
      rgb.copy(small, to, from, from + 3);
    }
  }
  return { rgb: small };
}

/**
 * The share of pixels that differ some time after the remote's last change.
 *
 * @param {Place} place
 * @param {"terminal" | "photo" | "video"} workload
 */
export function rest(place, workload) {
  return within(place, workload, async (desktop, running, page) => {
    await page.open(running.address);
    await sleep(1000);
    const { offset } = await page.clock();
    let since;
    if (workload === "photo") {
      since = await desktop.step();
    } else {
      desktop.go();
      await sleep(WARM_UP_MS);
      since = await desktop.rest();
    }
    const moments = [500, 10_000].map((ms) => since - offset + ms);
    const indices = await page.page.evaluate((dues) => dues.map((due) => window.portholeProbe.hold(due)), moments);
    await sleep(10_500 - (nowMs() - since));
    const truth = (await desktop.grab()).rgb.toString("base64");
    const wrong = [];
    for (const index of indices) {
      wrong.push(await page.page.evaluate(([at, rgb]) => window.portholeProbe.wrong(at, rgb), /** @type {const} */ ([index, truth])));
    }
    if (place.screenshots !== null) {
      await page.screenshot(`${place.screenshots}/${place.subject.name}-${place.network.profile}-rest-${workload}.png`);
    }
    return { wrongSoon: wrong[0], wrongLate: wrong[1], problems: page.problems };
  });
}

/**
 * How long after the return of a dead network the picture is as young as before: the middle of several times.
 *
 * @param {Place} place
 */
export function deadNetwork(place) {
  return within(place, "video", async (desktop, running, page) => {
    await page.open(running.address);
    desktop.go();
    await sleep(WARM_UP_MS);
    const { offset } = await page.clock();
    const look = async () => {
      const seen = await page.page.evaluate(() => window.portholeProbe.seen());
      return agesOf(seen, desktop.steps(), offset).ages;
    };
    await page.page.evaluate(() => window.portholeProbe.clear());
    await sleep(6_000);
    const usual = (await look()).map(({ age }) => age);
    const limit = percentile(usual, 0.95) + BACK_SLACK_MS;
    const backs = [];
    for (let time = 0; time < DEATHS; time++) {
      const back = nowMs() + DEAD_S * 1000;
      await place.network.kill(DEAD_S);
      await sleep(DEAD_S * 1000);
      let found;
      while (found === undefined && nowMs() < back + BACK_MAX_MS) {
        await sleep(500);
        found = (await look()).find(({ at, age }) => at > back && age <= limit);
      }
      backs.push(found === undefined ? BACK_MAX_MS : found.at - back);
      await sleep(REST_BETWEEN_DEATHS_MS);
    }
    return {
      backMs: median(backs),
      backs,
      usualAge: { p50: median(usual), p95: percentile(usual, 0.95) },
      problems: page.problems,
    };
  });
}

/**
 * Memory while a page, a film and windows take turns for long.
 *
 * @param {Place} place
 */
export function soak(place) {
  return within(place, "turns", async (desktop, running, page) => {
    await page.open(running.address);
    desktop.go();
    const samples = await watch(place.minutes, page, running, place.subject);
    return { minutes: place.minutes, trends: trends(samples), samples, problems: page.problems };
  });
}
