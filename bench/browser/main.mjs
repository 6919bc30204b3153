/**
 * What a person sees in a browser, measured: see README.md.
 *
 * Nothing here fails because a number is bad.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, setPriority, totalmem } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { Browser } from "./lib/browser.mjs";
import { deadNetwork, firstPicture, floor, keysAndAge, rest, soak } from "./lib/measures.mjs";
import { Network, PROFILES, Skipped } from "./lib/network.mjs";
import { freePort } from "./lib/programs.mjs";
import { SUBJECTS } from "./lib/subjects.mjs";
import { markdown, text } from "./lib/table.mjs";

/** What is measured on each network, in this order. */
const PLAN = {
  local: ["still", "terminal", "page", "video", "first", "rest-terminal", "rest-photo", "rest-video"],
  home: ["still", "page", "video", "first", "rest-terminal", "rest-photo", "rest-video", "dead"],
  mobile: ["still", "video", "first"],
};
/** The first picture is quick to measure and varies: it is measured so often in each round. */
const FIRSTS = 3;

/** Minutes of a long run, unless others are wished. */
const SOAK_MINUTES = "10";

/** The command line, in which `--soak` has a number. */
const args = process.argv.slice(2).flatMap((text, index, all) => (text === "--soak" && !/^\d+$/.test(all[index + 1] ?? "") ? [text, SOAK_MINUTES] : [text]));
const { values: options } = parseArgs({
  args,
  options: {
    subjects: { type: "string", default: Object.keys(SUBJECTS).join(",") },
    networks: { type: "string", default: Object.keys(PROFILES).join(",") },
    measures: { type: "string", default: "" },
    rounds: { type: "string", default: "3" },
    keys: { type: "string", default: "60" },
    seconds: { type: "string", default: "20" },
    soak: { type: "string" },
    json: { type: "string" },
    markdown: { type: "string" },
    screenshots: { type: "string" },
    nice: { type: "string", default: "0" },
  },
});

/** @param {string} text @param {readonly string[]} known */
function chosen(text, known) {
  const names = text.split(",").filter((name) => name !== "");
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined) {
    throw new Error(`there is no ${wrong}; there are ${known.join(", ")}`);
  }
  return names;
}

/** @param {string} text */
function wholeNumber(text) {
  if (!/^\d+$/.test(text)) {
    throw new Error(`${text} is no number`);
  }
  return Number(text);
}

const subjects = chosen(options.subjects, Object.keys(SUBJECTS)).map((name) => SUBJECTS[/** @type {keyof typeof SUBJECTS} */ (name)]);
const networks = chosen(options.networks, Object.keys(PROFILES));
const all = [...new Set(Object.values(PLAN).flat())];
const minutes = options.soak === undefined ? 0 : wholeNumber(options.soak);
// A long run comes alone unless others are named.
const named = chosen(options.measures, all);
const wanted = named.length > 0 || minutes > 0 ? named : all;
const rounds = wholeNumber(options.rounds);
/** Where a relative path of the command line starts. */
const from = process.env["PORTHOLE_BENCH_FROM"] ?? process.cwd();
const [jsonPath, markdownPath, screenshots] = [options.json, options.markdown, options.screenshots].map((path) =>
  path === undefined ? null : resolve(from, path),
);
if (typeof screenshots === "string") {
  mkdirSync(screenshots, { recursive: true });
}
// Everything that is measured starts here and inherits it.
setPriority(Number(options.nice));

/** @param {string} measure @param {import("./lib/measures.mjs").Place} place */
function measureOne(measure, place) {
  switch (measure) {
    case "still":
    case "terminal":
    case "page":
    case "video":
      return keysAndAge(place, measure);
    case "first":
      return firstPicture(place);
    case "rest-terminal":
      return rest(place, "terminal");
    case "rest-photo":
      return rest(place, "photo");
    case "rest-video":
      return rest(place, "video");
    case "dead":
      return deadNetwork(place);
    case "soak":
      return soak(place);
    default:
      throw new Error(`there is no ${measure}`);
  }
}

/** @type {import("./lib/table.mjs").Run[]} */
const runs = [];
/** @type {string[]} */
const failures = [];
/** @type {Record<string, unknown>} */
const about = {
  cpu: cpus()[0]?.model,
  cores: cpus().length,
  memoryBytes: totalmem(),
  kernel: release(),
  nice: Number(options.nice),
  when: new Date().toISOString(),
  versions: await Promise.all(subjects.map((subject) => subject.version())),
};

/** @param {string} profile @param {number} round */
async function measureNetwork(profile, round) {
  const planned = PLAN[/** @type {keyof typeof PLAN} */ (profile)].filter((name) => wanted.includes(name));
  // A long run once, and on one network, is enough.
  const plan = round === 1 && profile === networks[0] && minutes > 0 ? [...planned, "soak"] : planned;
  if (plan.length === 0) {
    return;
  }
  const network = await Network.start(profile);
  const ports = { vnc: await freePort(), web: await freePort() };
  const browser = await Browser.start(network, [ports.web]);
  about[`tcp ${profile}`] = network.tcp;
  about["browser"] = browser.version;
  const load = Number(readFileSync("/proc/loadavg", "utf8").split(" ")[0]);
  try {
    if (profile === "local" && wanted.includes("still")) {
      const result = await floor({ browser, keys: wholeNumber(options.keys) });
      runs.push({ subject: "floor", profile, measure: "still", result });
      console.error(`floor: key ${JSON.stringify(result.key)}`);
    }
    for (const measure of plan) {
      for (const subject of subjects) {
        const place = { network, browser, subject, ports, keys: wholeNumber(options.keys), seconds: wholeNumber(options.seconds), minutes, screenshots: screenshots ?? null };
        for (let time = 0; time < (measure === "first" ? FIRSTS : 1); time++) {
          try {
            const result = { .../** @type {any} */ (await measureOne(measure, place)), loadBefore: load, round };
            runs.push({ subject: subject.name, profile, measure, result });
            console.error(`${profile} ${measure} ${subject.name}: ${JSON.stringify(result).slice(0, 400)}`);
          } catch (error) {
            failures.push(String(error));
            console.error(`FAILED ${profile} ${measure} ${subject.name}: ${String(error)}`);
          }
        }
      }
    }
  } finally {
    await browser.stop();
    await network.stop();
  }
}

for (let round = 1; round <= rounds; round++) {
  for (const profile of networks) {
    try {
      await measureNetwork(profile, round);
    } catch (error) {
      if (!(error instanceof Skipped)) {
        throw error;
      }
      failures.push(error.message);
      console.error(`\n${error.message}: ${profile} is not measured\n`);
    }
    // What was measured is kept, whatever comes after it.
    if (typeof jsonPath === "string") {
      writeFileSync(jsonPath, `${JSON.stringify({ about, failures, runs }, null, 1)}\n`);
    }
  }
}

const floors = runs.filter(({ subject }) => subject === "floor");
console.log(`${JSON.stringify(about)}\n`);
if (floors.length > 0) {
  const [p50, p95] = ["p50", "p95"].map((name) => Math.round(Math.min(...floors.map(({ result }) => result.key[name]))));
  console.log(`The floor, a page that answers keys by itself: ${p50} / ${p95} ms\n`);
}
console.log(text(runs, subjects));
if (typeof markdownPath === "string") {
  const machine = `${about["cpu"]}, ${about["cores"]} cores, Linux ${about["kernel"]}, Chromium ${about["browser"]}`;
  writeFileSync(markdownPath, `${machine}\n\n${markdown(runs, subjects)}`);
}
failures.forEach((failure) => console.log(failure));
