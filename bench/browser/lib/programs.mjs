/** Other programs: every one that is started here is also ended here, by its own process id. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** How long a program may take to do what it is waited for, in milliseconds. */
const WAIT_MAX_MS = 30_000;
/** How long it may take to leave, in milliseconds, before it is made to. */
const LEAVE_MAX_MS = 5_000;
const LOOK_GAP_MS = 10;

/** @type {Set<import("node:child_process").ChildProcess>} */
const alive = new Set();

// A run that breaks off leaves nothing behind: what takes orders sees the end of its input.
process.on("exit", () => {
  alive.forEach((child) => {
    if (child.stdin === null) {
      child.kill("SIGKILL");
    }
  });
});
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => process.exit(1));
}

/** @param {number} ms */
export function sleep(ms) {
  return new Promise((done) => {
    setTimeout(done, ms);
  });
}

/** Milliseconds of the machine's monotonic clock. */
export function nowMs() {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * A command line as it is in a network namespace.
 *
 * @param {string | null} namespace
 * @param {string} name
 * @param {readonly string[]} args
 * @returns {[string, string[]]}
 */
function inside(namespace, name, args) {
  return namespace === null ? [name, [...args]] : ["ip", ["netns", "exec", namespace, name, ...args]];
}

/** A program that runs beside the bench. */
export class Program {
  /** What it has written to standard output. */
  stdout = "";
  /** What it has written to standard error. */
  stderr = "";
  /** What it has written to file descriptor 3. */
  third = "";
  /** Whether it has ended, and with which code. */
  ended = false;
  /** @type {number | null} */
  code = null;
  #child;
  #end;

  /**
   * @param {string} name
   * @param {readonly string[]} args
   * @param {{ namespace?: string | null, env?: Record<string, string>, orders?: boolean }} [options] `orders`: it takes orders on
   * its standard input, and leaves when that ends
   */
  constructor(name, args, { namespace = null, env = {}, orders = false } = {}) {
    const [file, line] = inside(namespace, name, args);
    const child = spawn(file, line, {
      env: { ...process.env, ...env },
      stdio: [orders ? "pipe" : "ignore", "pipe", "pipe", "pipe"],
      // Ctrl-C must not reach what has to clean up; it leaves with its input.
      detached: orders,
    });
    this.name = name;
    this.pid = child.pid ?? 0;
    this.#child = child;
    alive.add(child);
    child.stdout?.setEncoding("utf8").on("data", (text) => (this.stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text) => (this.stderr += text));
    const third = /** @type {import("node:stream").Readable} */ (child.stdio[3]);
    third.setEncoding("utf8").on("data", (text) => (this.third += text));
    child.stdin?.on("error", () => undefined);
    this.#end = new Promise((done) => {
      const end = (/** @type {number | null} */ code) => {
        this.ended = true;
        this.code = code;
        alive.delete(child);
        done(undefined);
      };
      child.once("exit", end);
      child.once("error", (error) => {
        this.stderr += String(error);
        end(null);
      });
    });
  }

  /** Gives it an order. @param {string} line */
  order(line) {
    this.#child.stdin?.write(`${line}\n`);
  }

  /**
   * Waits for something that this program brings about, but not beyond its end.
   *
   * @template T
   * @param {string} what
   * @param {() => T | undefined | null | false | ""} probe
   * @returns {Promise<T>}
   */
  async until(what, probe) {
    const deadline = nowMs() + WAIT_MAX_MS;
    for (;;) {
      const found = probe();
      if (found !== undefined && found !== null && found !== false && found !== "") {
        return found;
      }
      if (this.ended || nowMs() > deadline) {
        throw new Error(`no ${what} of ${this.name}: ${this.stdout.slice(-2000)}${this.stderr.slice(-2000)}`);
      }
      await sleep(LOOK_GAP_MS);
    }
  }

  /** Asks it to leave, and makes it leave. */
  async stop() {
    if (this.#child.stdin === null) {
      this.#child.kill("SIGTERM");
    } else {
      this.#child.stdin.end();
    }
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), LEAVE_MAX_MS);
    await this.#end;
    clearTimeout(timer);
  }
}

/**
 * Runs a program to its end and returns its standard output.
 *
 * @param {string} name
 * @param {readonly string[]} args
 * @param {{ namespace?: string | null, env?: Record<string, string> }} [options]
 * @returns {Promise<Buffer>}
 */
export function run(name, args, { namespace = null, env = {} } = {}) {
  return new Promise((done, fail) => {
    const [file, line] = inside(namespace, name, args);
    const child = spawn(file, line, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    alive.add(child);
    /** @type {Buffer[]} */
    const out = [];
    let complaints = "";
    child.stdout.on("data", (data) => out.push(data));
    child.stderr.setEncoding("utf8").on("data", (text) => (complaints += text));
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

/** A directory of the bench's own. Call `remove` at the end. */
export function temporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), "porthole-bench-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A port on which nobody listens at the moment. @returns {Promise<number>} */
export function freePort() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
      server.close(() => done(port));
    });
  });
}
