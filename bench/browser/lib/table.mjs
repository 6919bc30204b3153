/** The table: what a person sees, beside what is to be reached. */

import { median } from "./numbers.mjs";

/**
 * @typedef {{ readonly subject: string, readonly profile: string, readonly measure: string, readonly result: any }} Run
 * @typedef {{ readonly profile: string, readonly measure: string }} Where
 */

/** @param {number} value */
function ms(value) {
  return Math.round(value).toLocaleString("en-GB");
}

/** @param {number} share */
function percent(share) {
  return share === 0 ? "0" : share < 0.001 ? "<0.1 %" : `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

/** The middle of the runs' values. @param {any[]} results @param {(result: any) => number} pick */
function middle(results, pick) {
  return median(results.map(pick));
}

/** @param {any[]} results */
const key = (results) => `${ms(middle(results, (r) => r.key.p50))} / ${ms(middle(results, (r) => r.key.p95))}`;
/** @param {any[]} results */
const age = (results) =>
  `${ms(middle(results, (r) => r.age.p50))} / ${ms(middle(results, (r) => r.age.p95))}; ${middle(results, (r) => r.framesPerS).toFixed(1)}`;
/** @param {any[]} results */
const first = (results) => ms(middle(results, (r) => r.firstMs));
/** @param {any[]} results */
const rest = (results) => `${percent(middle(results, (r) => r.wrongSoon))} / ${percent(middle(results, (r) => r.wrongLate))}`;
/** @param {any[]} results */
const back = (results) => `${(middle(results, (r) => r.backMs) / 1000).toFixed(1)} s`;
/** @param {any[]} results */
const painting = (results) => {
  const told = results.filter(({ engine }) => engine !== null);
  const pair = (/** @type {"decodeMs" | "drawMs"} */ part) => ["p50", "p95"].map((share) => middle(told, (r) => r.engine[part][share]).toFixed(1)).join(" / ");
  return told.length === 0 ? "-" : `${pair("decodeMs")}; ${pair("drawMs")}`;
};
/** @param {any[]} results */
const cpu = (results) => `${ms(middle(results, (r) => r.tabCpuPercent))} / ${ms(middle(results, (r) => r.serverCpuPercent))}`;

/**
 * The rows: what each is called, where it was measured, how it reads, and what is to be reached.
 *
 * @type {readonly { title: string, profile: string, measure: string, format: (results: any[]) => string, target: string }[]}
 */
export const ROWS = [
  { title: "key to pixel, still screen, local, ms", profile: "local", measure: "still", format: key, target: "24 / 32" },
  { title: "the same while a terminal scrolls, local", profile: "local", measure: "terminal", format: key, target: "" },
  { title: "the same while a page scrolls, local", profile: "local", measure: "page", format: key, target: "32 / 50" },
  { title: "the same while video plays, local", profile: "local", measure: "video", format: key, target: "" },
  { title: "the same, still screen, home", profile: "home", measure: "still", format: key, target: "" },
  { title: "the same while a page scrolls, home", profile: "home", measure: "page", format: key, target: "" },
  { title: "the same while video plays, home", profile: "home", measure: "video", format: key, target: "75 / 110" },
  { title: "the same, still screen, mobile", profile: "mobile", measure: "still", format: key, target: "" },
  { title: "the same while video plays, mobile", profile: "mobile", measure: "video", format: key, target: "200 / 320" },
  { title: "age of the video's picture, local, ms; frames/s", profile: "local", measure: "video", format: age, target: "" },
  { title: "the same, home", profile: "home", measure: "video", format: age, target: "" },
  { title: "the same, mobile", profile: "mobile", measure: "video", format: age, target: "280 / 450; 10" },
  { title: "age of a scrolling page, local, ms; frames/s", profile: "local", measure: "page", format: age, target: "" },
  { title: "the same, home", profile: "home", measure: "page", format: age, target: "110 / 180; 25" },
  { title: "first full picture, local, ms", profile: "local", measure: "first", format: first, target: "250" },
  { title: "the same, home", profile: "home", measure: "first", format: first, target: "450" },
  { title: "the same, mobile", profile: "mobile", measure: "first", format: first, target: "1,300" },
  { title: "pixels that differ 0.5 s / 10 s after rest: text", profile: "local", measure: "rest-terminal", format: rest, target: "0 / 0" },
  { title: "the same: a photograph appeared", profile: "local", measure: "rest-photo", format: rest, target: "0 / 0" },
  { title: "the same: video stopped", profile: "local", measure: "rest-video", format: rest, target: "0 / 0" },
  { title: "text, home", profile: "home", measure: "rest-terminal", format: rest, target: "" },
  { title: "a photograph appeared, home", profile: "home", measure: "rest-photo", format: rest, target: "" },
  { title: "video stopped, home", profile: "home", measure: "rest-video", format: rest, target: "" },
  { title: "5 s of dead network under video, home: right again after", profile: "home", measure: "dead", format: back, target: "0.5 s" },
  { title: "CPU of the tab / of the server while a page scrolls, local, %", profile: "local", measure: "page", format: cpu, target: "" },
  { title: "the same while video plays, local", profile: "local", measure: "video", format: cpu, target: "" },
  { title: "decoding; drawing of a frame, still screen, local, ms", profile: "local", measure: "still", format: painting, target: "" },
  { title: "the same while a terminal scrolls, local", profile: "local", measure: "terminal", format: painting, target: "" },
  { title: "the same while a page scrolls, local", profile: "local", measure: "page", format: painting, target: "" },
  { title: "the same while video plays, local", profile: "local", measure: "video", format: painting, target: "" },
  { title: "the same while a page scrolls, home", profile: "home", measure: "page", format: painting, target: "" },
  { title: "the same while video plays, home", profile: "home", measure: "video", format: painting, target: "" },
  { title: "the same while video plays, mobile", profile: "mobile", measure: "video", format: painting, target: "" },
];

/**
 * The table's lines: titles, one cell for each subject, the target.
 *
 * @param {readonly Run[]} runs
 * @param {readonly { name: string, title: string }[]} subjects
 */
function cells(runs, subjects) {
  const lines = ROWS.map(({ title, profile, measure, format, target }) => {
    const found = subjects.map(({ name }) => {
      const results = runs.filter((run) => run.subject === name && run.profile === profile && run.measure === measure);
      return results.length === 0 ? "" : format(results.map(({ result }) => result));
    });
    return [title, ...found, target];
  });
  return lines.filter((line) => line.slice(1, -1).some((cell) => cell !== ""));
}

/**
 * What became of memory in a long run: lines, and what it comes to.
 *
 * @param {Run} run
 * @param {readonly { name: string, title: string }[]} subjects
 */
function soak({ subject, result }, subjects) {
  /** @type {readonly import("./soak.mjs").Trend[]} */
  const trends = result.trends;
  const title = subjects.find(({ name }) => name === subject)?.title ?? subject;
  const lines = trends.map((trend) => [trend.title, ms(trend.firstKib), ms(trend.lastKib), trend.slopeKibPerMin.toFixed(1)]);
  const growing = trends.filter(({ grows }) => grows).map((trend) => trend.title);
  const verdict = growing.length === 0 ? "memory does not grow" : `memory grows: ${growing.join("; ")}`;
  return {
    lines: [["KiB", "first minute", "last minute", "slope a minute"], ...lines],
    verdict: `${title}, ${result.minutes} minutes of a page, a film and windows in turn: ${verdict}.`,
  };
}

/** @param {readonly (readonly string[])[]} lines the first of them titles */
function markdownOf(lines) {
  const [titles = [], ...rows] = lines;
  return [titles, titles.map(() => "---"), ...rows].map((line) => `| ${line.join(" | ")} |\n`).join("");
}

/** @param {readonly (readonly string[])[]} lines the first of them titles */
function textOf(lines) {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  return lines.map((line) => line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  ") + "\n").join("");
}

/**
 * @param {readonly Run[]} runs
 * @param {readonly { name: string, title: string }[]} subjects
 * @param {(lines: readonly (readonly string[])[]) => string} format
 */
function report(runs, subjects, format) {
  const rows = cells(runs, subjects);
  const soaks = runs.filter(({ measure }) => measure === "soak").map((run) => soak(run, subjects));
  return [
    ...(rows.length === 0 ? [] : [format([["p50 / p95", ...subjects.map(({ title }) => title), "to reach"], ...rows])]),
    ...soaks.map(({ lines, verdict }) => `${verdict}\n\n${format(lines)}`),
  ].join("\n");
}

/** @param {readonly Run[]} runs @param {readonly { name: string, title: string }[]} subjects */
export function markdown(runs, subjects) {
  return report(runs, subjects, markdownOf);
}

/** @param {readonly Run[]} runs @param {readonly { name: string, title: string }[]} subjects */
export function text(runs, subjects) {
  return report(runs, subjects, textOf);
}
