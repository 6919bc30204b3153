/** The networks between the browser and the server. */

import { Program } from "./programs.mjs";
import { binary } from "./binaries.mjs";

/** What the shaper says when the machine has no namespaces for it. */
const SKIPPED = 77;

/**
 * What the shaper is told for each. The queue of *home* is a tenth of a second, that of *mobile* a fifth.
 *
 * @type {Record<string, readonly string[] | null>}
 */
export const PROFILES = {
  local: null,
  home: ["--rate", "20M", "--rtt", "40ms", "--queue", "256K"],
  mobile: ["--rate", "5M", "--rtt", "120ms", "--queue", "128K", "--loss", "0.01"],
};

/** The machine lacks what a network needs. */
export class Skipped extends Error {}

/** A network, shaped or not. */
export class Network {
  /** Namespaces for the browser and for the server; null where there are none. */
  near = /** @type {string | null} */ (null);
  far = /** @type {string | null} */ (null);
  /** Where the browser finds the server. */
  address = "127.0.0.1";
  /** The kernel's TCP. */
  tcp = "the system's";
  #shaper = /** @type {Program | null} */ (null);

  /** @param {string} profile one of `PROFILES` */
  static async start(profile) {
    const network = new Network();
    network.profile = profile;
    const args = PROFILES[profile];
    if (args === undefined) {
      throw new Error(`there is no network ${profile}`);
    }
    if (args === null) {
      return network;
    }
    const shaper = new Program(binary("porthole-shape"), args, { orders: true });
    network.#shaper = shaper;
    let line;
    try {
      line = await shaper.until("network", () => /^\{.*\}\n/.exec(shaper.stdout)?.[0]);
    } catch (error) {
      throw shaper.code === SKIPPED ? new Skipped(shaper.stderr.trim()) : error;
    }
    const said = JSON.parse(line);
    network.near = said.near.namespace;
    network.far = said.far.namespace;
    network.address = said.far.address;
    network.tcp = said.tcp;
    return network;
  }

  profile = "local";

  /** Loses everything for a time from now on. @param {number} seconds */
  async kill(seconds) {
    const shaper = this.#shaper;
    if (shaper === null) {
      throw new Error("a network that is not shaped cannot be dead");
    }
    const before = shaper.stdout.length;
    shaper.order(`dead ${seconds}`);
    await shaper.until("answer", () => shaper.stdout.length > before);
  }

  /** Packets and bytes so far. */
  async stats() {
    const shaper = this.#shaper;
    if (shaper === null) {
      return null;
    }
    const before = shaper.stdout.length;
    shaper.order("stats");
    return JSON.parse(await shaper.until("answer", () => /^\{.*\}\n/.exec(shaper.stdout.slice(before))?.[0]));
  }

  async stop() {
    await this.#shaper?.stop();
  }
}
