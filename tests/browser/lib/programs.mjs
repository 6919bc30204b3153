/** Other programs: every one that is started here is also ended here, by its own process id. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./wait.mjs";

/** How long a program may take to leave after SIGTERM, in milliseconds. */
const LEAVE_MAX_MS = 5_000;

/** @type {Set<import("node:child_process").ChildProcess>} */
const alive = new Set();

// A test run that breaks off must leave nothing behind.
process.on("exit", () => {
  alive.forEach((child) => child.kill("SIGKILL"));
});
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => process.exit(1));
}

/** A program that runs beside the tests. */
export class Program {
  /** What it has written to standard output. */
  stdout = "";
  /** What it has written to standard error. */
  stderr = "";
  /** What it has written to file descriptor 3. */
  third = "";
  /** Whether it has ended. */
  ended = false;
  /** Resolves when it has ended. */
  end;
  #child;

  /**
   * @param {string} name
   * @param {readonly string[]} args
   * @param {{ env?: Record<string, string>, input?: string }} [options] `input` goes to standard input; without it
   * there is none
   */
  constructor(name, args, { env = {}, input } = {}) {
    const child = spawn(name, args, {
      env: { ...process.env, ...env },
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe", "pipe"],
    });
    this.name = name;
    this.#child = child;
    alive.add(child);
    child.stdout?.setEncoding("utf8").on("data", (text) => (this.stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text) => (this.stderr += text));
    const third = /** @type {import("node:stream").Readable} */ (child.stdio[3]);
    third.setEncoding("utf8").on("data", (text) => (this.third += text));
    // A program that leaves while we write to it says enough by leaving.
    child.stdin?.on("error", () => undefined).end(input);
    this.end = new Promise((done) => {
      const end = () => {
        this.ended = true;
        alive.delete(child);
        done(undefined);
      };
      child.once("exit", end);
      child.once("error", (error) => {
        this.stderr += String(error);
        end();
      });
    });
  }

  /** Its process. */
  get pid() {
    return this.#child.pid;
  }

  /** Asks it to leave, and makes it leave. @param {"SIGTERM" | "SIGKILL"} [signal] */
  async stop(signal = "SIGTERM") {
    this.#child.kill(signal);
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), LEAVE_MAX_MS);
    await this.end;
    clearTimeout(timer);
  }

  /**
   * Waits for something that this program brings about, but not beyond its end.
   *
   * @template T
   * @param {string} what
   * @param {() => T | Promise<T>} probe
   */
  async until(what, probe) {
    return until(`${what} of ${this.name}`, async () => {
      const found = await probe();
      if (!found && this.ended) {
        throw new Error(`${this.name} ended before its ${what}: ${this.stdout}${this.stderr}`);
      }
      return found;
    }, () => this.stdout + this.stderr);
  }
}

/**
 * Runs a program to its end and returns its standard output.
 *
 * @param {string} name
 * @param {readonly string[]} args
 * @param {{ env?: Record<string, string>, input?: string | Buffer }} [options]
 * @returns {Promise<Buffer>}
 */
export function run(name, args, { env = {}, input = "" } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(name, args, { env: { ...process.env, ...env } });
    alive.add(child);
    /** @type {Buffer[]} */
    const out = [];
    let complaints = "";
    child.stdout.on("data", (data) => out.push(data));
    child.stderr.setEncoding("utf8").on("data", (text) => (complaints += text));
    child.stdin.on("error", () => undefined).end(input);
    child.once("error", fail);
    child.once("close", (code, signal) => {
      alive.delete(child);
      if (code === 0) {
        done(Buffer.concat(out));
      } else {
        fail(new Error(`${name} ${args.join(" ")} ended with ${code ?? signal}: ${complaints}`));
      }
    });
  });
}

/** A directory of the test's own. Call `remove` at the end: programs that hang up may still write into it for a moment. */
export function temporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), "porthole-browser-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }) };
}
