/** One X display: paints on it, reads it, and runs clients on it. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toPpm } from "./pictures.mjs";
import { Program, run, temporaryFolder } from "./programs.mjs";
import { until } from "./wait.mjs";

/** @typedef {import("./pictures.mjs").Picture} Picture */
/** @typedef {{ readonly kind: string, readonly x: number, readonly y: number, readonly button: number, readonly keysym: string }} XEvent */

const EVENT = /^(Key|Button)(Press|Release) event,[^\n]*\n[^\n]*root:\((-?\d+),(-?\d+)\),\n([^\n]*)/gm;

/** An X display and the clients that the tests have on it. */
export class Display {
  #folder = temporaryFolder();
  /** @type {Program[]} */
  #clients = [];
  #pictures = 0;

  /** @param {string} name such as `:7` */
  constructor(name) {
    this.name = name;
    this.env = { DISPLAY: name, LC_ALL: "C.UTF-8" };
  }

  /** Ends the clients. */
  async close() {
    await Promise.all(this.#clients.map((client) => client.stop()));
    this.#folder.remove();
  }

  /**
   * @param {string} name
   * @param {readonly string[]} args
   * @param {string} [input] for its standard input
   */
  start(name, args, input) {
    const program = new Program(name, args, { env: this.env, ...(input === undefined ? {} : { input }) });
    this.#clients.push(program);
    return program;
  }

  /**
   * @param {string} name
   * @param {readonly string[]} args
   */
  async run(name, args) {
    return (await run(name, args, { env: this.env })).toString("utf8");
  }

  /** A path for a file of the test's. */
  file(/** @type {string} */ name) {
    return join(this.#folder.path, name);
  }

  /** What such a file holds; nothing when it is not there. */
  read(/** @type {string} */ path) {
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  /** @returns {Promise<string>} the size, such as `800x600` */
  async size() {
    return /dimensions:\s+(\d+x\d+)/.exec(await this.run("xdpyinfo", []))?.[1] ?? "";
  }

  /** Covers the root window with a picture of its own size. */
  async paint(/** @type {Picture} */ picture) {
    const path = this.file(`picture-${++this.#pictures}.ppm`);
    writeFileSync(path, toPpm(picture));
    // ImageMagick ends with 1 here even when all went well; the comparison that follows tells the truth.
    const painter = this.start("display", ["-window", "root", path]);
    await painter.end;
    if (painter.stderr !== "") {
      throw new Error(`display: ${painter.stderr}`);
    }
  }

  /** What the display shows now. */
  async grab() {
    const bytes = await run("import", ["-silent", "-window", "root", "-depth", "8", "ppm:-"], { env: this.env });
    const head = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(bytes.subarray(0, 64).toString("latin1"));
    if (head === null) {
      throw new Error("import gave no picture");
    }
    const rgb = bytes.subarray(head[0].length);
    return /** @type {Picture} */ ({ width: Number(head[1]), height: Number(head[2]), rgb });
  }

  /**
   * Starts a client that reports every key and button over the whole display, and waits until it is there.
   *
   * @param {string} geometry such as `800x600`
   */
  async recorder(geometry) {
    // Without a window manager the window under the pointer has the keyboard.
    const program = this.start("stdbuf", ["-oL", "xev", "-geometry", `${geometry}+0+0`, "-event", "keyboard", "-event", "button"]);
    await program.until("window", () => this.#hasWindow("Event Tester"));
    let skipped = 0;
    /** @returns {XEvent[]} */
    const all = () => [...program.stdout.matchAll(EVENT)].map(([, what, way, x, y, rest = ""]) => ({
      kind: `${what} ${way}`,
      x: Number(x),
      y: Number(y),
      button: Number(/button (\d+)/.exec(rest)?.[1] ?? 0),
      keysym: /keysym 0x[0-9a-f]+, (\w+)\)/.exec(rest)?.[1] ?? "",
    }));
    return {
      stop: () => program.stop(),
      /** Forgets what came so far. */
      clear: () => {
        skipped = all().length;
      },
      /** What came since. */
      events: () => all().slice(skipped),
      /** @param {(event: XEvent) => boolean} wanted */
      next: (wanted) => program.until("event", () => all().slice(skipped).find(wanted)),
    };
  }

  /**
   * Starts a terminal over the whole display that runs `script`, and waits until it does.
   *
   * @param {string} script for `sh`
   */
  async terminal(script) {
    const ready = this.file(`ready-${this.#clients.length}`);
    const inside = `stty -echoctl; : > '${ready}'; ${script}`;
    const program = this.start("xterm", ["-u8", "-geometry", "100x40+0+0", "-e", "sh", "-c", inside]);
    await program.until("shell", () => existsSync(ready));
    return program;
  }

  /** Waits until a text is in the clipboard of the display. */
  async clipboard(/** @type {string} */ wanted) {
    let last = "";
    await until("clipboard text", async () => {
      // Without an owner there is nothing to read, and xclip fails.
      last = await this.run("timeout", ["5", "xclip", "-selection", "clipboard", "-o", "-target", "UTF8_STRING"]).catch(String);
      return last === wanted;
    }, () => JSON.stringify(last));
  }

  /** Copies a text on the display, as an application there would. */
  async copy(/** @type {string} */ text) {
    const owner = this.start("xclip", ["-quiet", "-selection", "clipboard", "-i"], text);
    await this.clipboard(text);
    return owner;
  }

  async #hasWindow(/** @type {string} */ title) {
    return this.run("xdotool", ["search", "--onlyvisible", "--name", title]).then((found) => found.trim() !== "", () => false);
  }

}
