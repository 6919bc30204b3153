/** Sockets: free ports, servers that misbehave, and a wire that can be cut. */

import { connect, createServer } from "node:net";

/**
 * A port that nobody listens on at the moment, on loopback.
 *
 * @returns {Promise<number>}
 */
export async function freePort() {
  const server = createServer();
  const port = await listen(server);
  await new Promise((done) => {
    server.close(done);
  });
  return port;
}

/**
 * Makes a server listen on a port of the system's choice.
 *
 * @param {import("node:net").Server} server
 * @returns {Promise<number>}
 */
export async function listen(server) {
  await new Promise((done, fail) => {
    server.once("error", fail);
    server.listen(0, "127.0.0.1", () => done(undefined));
  });
  return /** @type {import("node:net").AddressInfo} */ (server.address()).port;
}

/**
 * A server that answers each connection with `bytes` and then says nothing more.
 *
 * @param {Uint8Array} bytes
 */
export async function speakingServer(bytes) {
  /** @type {Set<import("node:net").Socket>} */
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).resume();
    socket.write(bytes);
  });
  const port = await listen(server);
  return {
    port,
    stop: () => {
      sockets.forEach((socket) => socket.destroy());
      server.close();
    },
  };
}

/** A TCP proxy whose wire can be cut and mended, or fall silent. */
export class Wire {
  #server;
  #isWhole = true;
  #isSilent = false;
  /** @type {Set<import("node:net").Socket>} */
  #sockets = new Set();
  /** Both directions of every connection. @type {Set<readonly [from: import("node:net").Socket, to: import("node:net").Socket]>} */
  #ways = new Set();
  /** Connections that came while it was cut. */
  refused = 0;
  /** All connections that were not refused. */
  accepted = 0;

  /** @param {number} target port on loopback */
  constructor(target) {
    this.#server = createServer((near) => {
      if (!this.#isWhole) {
        this.refused += 1;
        near.resetAndDestroy();
        return;
      }
      this.accepted += 1;
      const far = connect(target, "127.0.0.1");
      for (const way of /** @type {const} */ ([[near, far], [far, near]])) {
        const [one, other] = way;
        this.#sockets.add(one);
        this.#ways.add(way);
        one.setNoDelay(true);
        if (!this.#isSilent) {
          one.pipe(other);
        }
        // Whatever ends one side ends the other.
        one.on("error", () => undefined).once("close", () => {
          this.#sockets.delete(one);
          this.#ways.delete(way);
          other.destroy();
        });
      }
    });
  }

  /** @returns {Promise<number>} its port */
  listen() {
    return listen(this.#server);
  }

  /** Breaks every connection, and refuses new ones until `mend`. */
  cut() {
    this.#isWhole = false;
    this.#sockets.forEach((socket) => socket.resetAndDestroy());
  }

  mend() {
    this.#isWhole = true;
  }

  /** Takes connections, and forwards nothing until `speak`. */
  silence() {
    this.#isSilent = true;
    this.#ways.forEach(([one, other]) => one.unpipe(other));
  }

  /** Ends the silence for new connections, and, if `revive`, for those of before. */
  speak({ revive = false } = {}) {
    this.#isSilent = false;
    if (revive) {
      this.#ways.forEach(([one, other]) => one.pipe(other));
    }
  }

  stop() {
    this.cut();
    this.#server.close();
  }
}
