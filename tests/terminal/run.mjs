/**
 * Our terminal against xterm.js: the same bytes make the same cells, cursor, modes and rows above.
 *
 * The width of every character is compared with that of the addon. For each session that the example
 * `against_xterm` writes, three terminals of xterm.js read what came (where it means the same to
 * xterm.js), what viewers are shown, and each snapshot with what is shown after it. All of them must
 * show what our own terminal does. Programs that ask for a mode are told the same. Known differences are in README.md.
 *
 * `node run.mjs [SEED COUNT]`; `TERMINAL_CASES` names the built example.
 */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import addon from "@xterm/addon-unicode11";
import headless from "@xterm/headless";
import { EMPTY, describe, isMisplaced, isTorn } from "./describe.mjs";

const FAILURES_MAX = Number(process.env.FAILURES_MAX ?? 3);

const vectors = fileURLToPath(new URL("../vectors/terminal/", import.meta.url));
const recordings = readdirSync(vectors, { withFileTypes: false })
  .filter((name) => name.endsWith(".bin"))
  .map((name) => vectors + name);
const [seed = "1", count = "2000"] = process.argv.slice(2);
const program = process.env.TERMINAL_CASES;
if (program === undefined) {
  throw new Error("TERMINAL_CASES does not name the example against_xterm");
}

let failures = 0;
let checks = 0;
let cases = 0;

function open(columns, rows, scrollback) {
  const terminal = new headless.Terminal({ cols: columns, rows, scrollback, allowProposedApi: true, logLevel: "off" });
  terminal.loadAddon(new addon.Unicode11Addon());
  terminal.unicode.activeVersion = "11";
  return terminal;
}

/**
 * What a snapshot cannot tell: whether the very first row belongs to one above that is gone, and more than
 * the background of an empty cell; where that could be seen, the cell holds a space afterwards.
 */
function soften(lines) {
  return lines.map((line, index) => {
    if (!/^[|+]/.test(line)) {
      return line;
    }
    const isFirst = /^(main|alternate) /.test(lines[index - 1] ?? "");
    let words = isFirst ? "|" : line[0];
    let last = "";
    for (const [, style = "", text] of line.slice(1).matchAll(/(?:⟦([^⟧]*)⟧)?([^⟦]+)/g)) {
      for (const run of text.match(/␀+|[^␀]+/g)) {
        const isSeen = /inverse|strike|overline|protected|u\d/.test(style);
        const isEmpty = run.startsWith(EMPTY);
        const kept = isEmpty && !isSeen ? (/(?:^| )(b(?:\d+|#\w+))(?: |$)/.exec(style)?.[1] ?? "") : style;
        words += (kept === last ? "" : `⟦${kept}⟧`) + (isEmpty && isSeen ? run.replaceAll(EMPTY, " ") : run);
        last = kept;
      }
    }
    return last === "" ? words.replace(/(⟦⟧)?␀+$/, "") : words;
  });
}

/** Modes of which programs are told something else; see README.md. */
const OTHER_MODES = new Set(["?5", "?12", "?45", "?1016"]);

/** A link dies in xterm.js with the first row that it was in, even if more is written into it. */
const DEAD_LINK = /\blink \S* \?/;

/** Cuts the alternate screen's lines: xterm.js keeps what is right of a narrower terminal, and may show it later. */
function cut(terminal, columns) {
  const { alt } = terminal._core.buffers;
  for (let y = 0; y < alt.lines.length; y++) {
    alt.lines.get(y)?.resize(columns, alt.getNullCell());
  }
}

/** A line's text. */
function strip(line) {
  return line.startsWith("pen ") ? line.replace(/ ?link .*/, "") : line.replace(/⟦[^⟧]*⟧/g, "");
}

function compare(what, current, terminal, ours, isSoft = false) {
  checks += 1;
  const got = isSoft ? soften(describe(terminal)) : describe(terminal);
  const want = isSoft ? soften(ours) : ours;
  const at = want.findIndex((line, index) => {
    const other = got[index];
    return line !== other && !(DEAD_LINK.test(other) && strip(line) === strip(other));
  });
  if (at === -1 && got.length === want.length) {
    return true;
  }
  failures += 1;
  current.failed = true;
  const index = at === -1 ? want.length : at;
  console.error(`\n${current.name}: ${what} differs in line ${index}, ${terminal.cols}x${terminal.rows}`);
  console.error(`  ours   ${want[index]}\n  xterm  ${got[index]}`);
  if (process.env.VERBOSE) {
    console.error(current.steps.map(([kind, value]) => `  ${kind} ${JSON.stringify(String(value))}`).join("\n"));
    console.error("ours\n  " + want.join("\n  ") + "\nxterm\n  " + got.join("\n  "));
  }
  return false;
}

class Case {
  steps = [];
  failed = false;
  came = [];
  passed = [];

  constructor(words) {
    const [columns, rows, scrollback, isExact] = words.slice(0, 4).map(Number);
    this.name = words.slice(4).join(" ");
    this.size = [columns, rows, scrollback];
    this.shown = open(...this.size);
    this.raw = isExact > 0 ? open(...this.size) : undefined;
    this.isExact = isExact === 2;
    this.snapshot = undefined;
  }

  get terminals() {
    return [this.shown, this.raw, this.snapshot].filter((terminal) => terminal !== undefined);
  }

  write(kind, bytes) {
    if (this.failed) {
      return;
    }
    this.steps.push([kind, bytes]);
    if (kind === "raw") {
      // At once: xterm.js loses some characters that are cut into two writes.
      this.came.push(bytes);
    } else {
      this.passed.push(bytes);
      this.shown._core.writeSync(bytes);
      this.snapshot?._core.writeSync(bytes);
    }
  }

  resize(columns, rows) {
    this.steps.push(["resize", `${columns} ${rows}`]);
    this.size = [columns, rows, this.size[2]];
    this.flush();
    this.isResized = true;
    // Its spaces would count as text.
    if (this.snapshot !== undefined && soften(this.want).join() !== this.want.join()) {
      this.snapshot.dispose();
      this.snapshot = undefined;
    }
    for (const terminal of this.terminals) {
      terminal.resize(columns, rows);
      cut(terminal, columns);
    }
  }

  /** Writes what came. */
  flush() {
    const came = Buffer.concat(this.came);
    if (!this.isExact && !came.equals(Buffer.concat(this.passed))) {
      // What is left out or put in makes a difference.
      this.raw?.dispose();
      this.raw = undefined;
    }
    this.raw?._core.writeSync(came);
    this.came = [];
    this.passed = [];
  }

  state(want) {
    if (this.failed) {
      return;
    }
    this.flush();
    if (isMisplaced(this.shown) || (this.isResized && isTorn(this.shown))) {
      this.failed = true;
      return;
    }
    void (
      compare("what is shown", this, this.shown, want) &&
      (this.raw === undefined || compare("what came", this, this.raw, want)) &&
      (this.snapshot === undefined || compare("the last snapshot, and what was shown since,", this, this.snapshot, want, true))
    );
    this.want = want;
  }

  take(snapshot) {
    if (this.failed) {
      return;
    }
    this.steps.push(["snapshot", snapshot]);
    this.snapshot?.dispose();
    this.snapshot = open(...this.size);
    this.snapshot._core.writeSync(snapshot);
    const isTold = !isTorn(this.shown);
    if (isTold) {
      compare("a snapshot", this, this.snapshot, this.want, true);
    }
    const isAlike = this.want.every((line, index) => line[0] !== "+" || !/^(main|alternate) /.test(this.want[index - 1]));
    if (!isTold || !isAlike) {
      this.snapshot.dispose();
      this.snapshot = undefined;
    }
  }

  /** Compares the width of every character from U+00A0 on, given as runs of one width. */
  widths(runs) {
    checks += 1;
    let code = 0xa0;
    for (let at = 0; at < runs.length; at += 2) {
      const width = runs[at + 1];
      for (const end = code + runs[at]; code < end; code++) {
        const isWritten = code !== 0xfeff && (code < 0xd800 || code > 0xdfff);
        if (isWritten && this.unicodeWidth(code) !== width && failures < FAILURES_MAX) {
          failures += 1;
          console.error(`\nU+${code.toString(16)} is ${width} columns wide, in xterm.js ${this.unicodeWidth(code)}`);
        }
      }
    }
    if (code !== 0x110000) {
      throw new Error(`the widths end at U+${code.toString(16)}`);
    }
  }

  /** Compares what a program is told of a mode. */
  answered(answer) {
    checks += 1;
    const told = [];
    const listening = this.shown.onData((data) => told.push(data));
    this.shown._core.writeSync(this.asked);
    listening.dispose();
    const mode = String(this.asked).slice(2, -2);
    if (told.join("") !== String(answer) && !OTHER_MODES.has(mode) && failures < FAILURES_MAX) {
      failures += 1;
      console.error(`\nasked for mode ${mode} we say ${JSON.stringify(String(answer))}, xterm.js ${JSON.stringify(told.join(""))}`);
    }
  }

  unicodeWidth(code) {
    return this.shown._core.unicodeService.wcwidth(code);
  }

  end() {
    for (const terminal of this.terminals) {
      terminal.dispose();
    }
  }
}

const child = spawn(program, [seed, count, ...recordings], { stdio: ["ignore", "pipe", "inherit"] });
const ended = new Promise((resolve) => child.on("exit", resolve));
let current;
let state = [];
let stateLines = 0;
for await (const line of createInterface({ input: child.stdout })) {
  if (stateLines > 0) {
    state.push(line);
    stateLines -= 1;
    if (stateLines === 0) {
      current.state(state);
    }
    continue;
  }
  const [kind, ...words] = line.split(" ");
  const bytes = () => Buffer.from(words[0], "hex");
  switch (kind) {
    case "case":
      current = new Case(words);
      cases += 1;
      break;
    case "raw":
    case "shown":
      current.write(kind, bytes());
      break;
    case "resize":
      current.resize(Number(words[0]), Number(words[1]));
      break;
    case "state":
      state = [];
      stateLines = Number(words[0]);
      break;
    case "snapshot":
      current.take(bytes());
      break;
    case "widths":
      current.widths(words.map(Number));
      break;
    case "asked":
      current.asked = bytes();
      break;
    case "answered":
      current.answered(bytes());
      break;
    case "end":
      current.end();
      break;
    default:
      throw new Error(`what is ${line}?`);
  }
  if (failures >= FAILURES_MAX) {
    child.kill();
    break;
  }
}
const code = await ended;
console.log(`${cases} sessions, ${checks} comparisons, ${failures} failures`);
if (failures > 0 || code !== 0 || cases === 0) {
  process.exit(1);
}
