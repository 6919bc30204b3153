/** The remote: a TigerVNC server and a scene on it. */

import { existsSync } from "node:fs";
import { Program, run } from "./programs.mjs";
import { binary } from "./binaries.mjs";

export const WIDTH = 1280;
export const HEIGHT = 720;

/** @typedef {{ readonly width: number, readonly height: number, readonly rgb: Buffer }} Picture */

/** The name of a display that nobody has. */
function freeDisplay() {
  for (;;) {
    const number = 1_000 + Math.floor(Math.random() * 20_000);
    if (!existsSync(`/tmp/.X11-unix/X${number}`) && !existsSync(`/tmp/.X${number}-lock`)) {
      return `:${number}`;
    }
  }
}

/** A display with a scene that takes orders. */
export class Desktop {
  #server = /** @type {Program} */ (/** @type {unknown} */ (null));
  #scene = /** @type {Program | null} */ (null);
  #namespace = /** @type {string | null} */ (null);
  display = "";
  /** The VNC server's, on loopback in the server's namespace. */
  port = 0;
  #read = 0;
  /** Milliseconds of the monotonic clock at which each step was drawn, by its number. @type {Map<number, number>} */
  #steps = new Map();

  /**
   * @param {import("./network.mjs").Network} network
   * @param {number} port
   * @param {string} workload
   */
  static async start(network, port, workload) {
    const desktop = new Desktop();
    const namespace = network.far;
    desktop.#namespace = namespace;
    desktop.port = port;
    // The server finds a free number only among those of its own namespace, but the sockets' files are everyone's.
    const name = freeDisplay();
    const args = [name, "-displayfd", "3", "-rfbport", String(port), "-geometry", `${WIDTH}x${HEIGHT}`, "-depth", "24"];
    args.push("-localhost", "yes", "-AlwaysShared", "-SecurityTypes", "None", "-desktop", "Bench");
    const server = new Program("Xtigervnc", args, { namespace });
    desktop.#server = server;
    try {
      await server.until("display", () => server.third.includes("\n"));
      desktop.display = name;
      await desktop.#show(workload);
      return desktop;
    } catch (error) {
      await desktop.stop();
      throw error;
    }
  }

  /** @param {string} workload */
  async #show(workload) {
    const namespace = this.#namespace;
    // A key whose release is late must not repeat.
    await run("xset", ["-display", this.display, "r", "off"], { namespace });
    const options = ["--display", this.display, "--workload", workload, "--keys"];
    if (workload === "video" || workload === "page") {
      options.push("--stamp");
    }
    const scene = new Program(binary("porthole-scene"), options, { namespace, orders: true });
    this.#scene = scene;
    await scene.until("picture", () => scene.stdout.includes("ready\n"));
  }

  /** Starts the scene's steps. */
  go() {
    this.#scene?.order("go");
  }

  /** Draws one step; when it was drawn. */
  step() {
    return this.#rest("step");
  }

  /** Ends the steps; when. */
  rest() {
    return this.#rest("stop");
  }

  /** @param {string} order */
  async #rest(order) {
    const scene = /** @type {Program} */ (this.#scene);
    const before = scene.stdout.length;
    scene.order(order);
    const nanos = await scene.until("rest", () => /^rest (\d+)$/m.exec(scene.stdout.slice(before))?.[1]);
    return Number(nanos) / 1e6;
  }

  /** Keys that have arrived at the scene. */
  keys() {
    return this.#scene?.stdout.match(/^key /gm)?.length ?? 0;
  }

  /** When steps were drawn, by the low 16 bits of their numbers. */
  steps() {
    const text = this.#scene?.stdout ?? "";
    const end = text.lastIndexOf("\n") + 1;
    for (const [, number, nanos] of text.slice(this.#read, end).matchAll(/^step (\d+) (\d+)$/gm)) {
      this.#steps.set(Number(number) % 65_536, Number(nanos) / 1e6);
    }
    this.#read = end;
    return this.#steps;
  }

  /** What the display shows now, without the pointer. @returns {Promise<Picture>} */
  async grab() {
    const args = ["-silent", "-window", "root", "-depth", "8", "ppm:-"];
    const bytes = await run("import", args, { namespace: this.#namespace, env: { DISPLAY: this.display } });
    const head = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(bytes.subarray(0, 64).toString("latin1"));
    if (head === null) {
      throw new Error("import gave no picture");
    }
    return { width: Number(head[1]), height: Number(head[2]), rgb: bytes.subarray(head[0].length) };
  }

  async stop() {
    await this.#scene?.stop();
    await this.#server.stop();
  }
}
