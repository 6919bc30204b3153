/** Real VNC servers, each on a display and a port of its own. */

import { existsSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { Program, run, temporaryFolder } from "./programs.mjs";
import { freePort } from "./sockets.mjs";
import { Display } from "./x11.mjs";

/** A free port may be taken before the server has it. */
const ATTEMPTS_MAX = 5;

/** @typedef {{ readonly display: Display, readonly port: number, stop(): Promise<void> }} VncServer */

/**
 * Tries to start a server until it gets the port that was free a moment ago.
 *
 * @template T
 * @param {(port: number) => Promise<T>} start
 * @returns {Promise<T>}
 */
export async function onFreePort(start) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (attempt === ATTEMPTS_MAX) {
        throw error;
      }
      // What happens often has another cause than the port.
      console.warn(`another port, because of this: ${error}`);
    }
  }
}

/**
 * Whether something answers there.
 *
 * @param {number} port
 * @param {{ speaks?: boolean }} [options] `speaks`: false for servers that let the client begin
 * @returns {Promise<boolean>}
 */
export function answers(port, { speaks = true } = {}) {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1");
    socket.once(speaks ? "data" : "connect", () => {
      socket.destroy();
      done(true);
    });
    socket.once("error", () => done(false));
    socket.once("close", () => done(false));
  });
}

/**
 * @param {Program} program
 * @param {readonly { stop(): Promise<void> }[]} others stopped with it
 * @param {() => Display | Promise<Display>} display
 * @param {number} port
 * @returns {Promise<VncServer>}
 */
async function ready(program, others, display, port) {
  const stop = async () => {
    await program.stop();
    await Promise.all(others.map((other) => other.stop()));
  };
  try {
    const shown = await display();
    await program.until("listener", () => answers(port));
    return {
      display: shown,
      port,
      stop: async () => {
        await shown.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * A screen that nobody looks at, and its display. Without `-noreset` a server starts over when its last client leaves, and
 * turns away whoever comes at that moment.
 *
 * @param {string} geometry such as `800x600`
 */
export async function xvfb(geometry) {
  const screen = new Program("Xvfb", ["-displayfd", "3", "-screen", "0", `${geometry}x24`, "-nolisten", "tcp", "-noreset"]);
  return { screen, display: await numbered(screen) };
}

/** The display whose number the server wrote to file descriptor 3. */
async function numbered(/** @type {Program} */ program) {
  const [number] = await program.until("display number", () => /^\d+(?=\n)/.exec(program.third));
  return new Display(`:${number}`);
}

/**
 * @param {string} geometry
 * @param {{ password?: string }} [options]
 */
export function tigervnc(geometry, { password } = {}) {
  return onFreePort(async (port) => {
    const folder = temporaryFolder();
    const args = ["-displayfd", "3", "-rfbport", String(port), "-geometry", geometry, "-depth", "24"];
    args.push("-localhost", "yes", "-AlwaysShared", "-noreset", "-desktop", "Test desktop");
    if (password === undefined) {
      args.push("-SecurityTypes", "None");
    } else {
      const path = `${folder.path}/password`;
      writeFileSync(path, await run("tigervncpasswd", ["-f"], { input: password }));
      args.push("-SecurityTypes", "VncAuth", "-PasswordFile", path);
    }
    const program = new Program("Xtigervnc", args);
    return ready(program, [{ stop: async () => folder.remove() }], () => numbered(program), port);
  });
}

/** @param {string} geometry */
export function x11vnc(geometry) {
  return onFreePort(async (port) => {
    const { screen, display } = await xvfb(geometry);
    const args = ["-display", display.name, "-rfbport", String(port), "-localhost", "-no6", "-forever", "-shared", "-nopw", "-noxrecord"];
    return ready(new Program("x11vnc", args), [screen], () => display, port);
  });
}

/** TightVNC's server does not choose a display by itself. */
export function tightvnc(/** @type {string} */ geometry) {
  return onFreePort((port) => {
    const number = 1_000 + Math.floor(Math.random() * 20_000);
    const socket = `/tmp/.X11-unix/X${number}`;
    if (existsSync(socket)) {
      throw new Error(`display ${number} is taken`);
    }
    const folder = temporaryFolder();
    const args = [`:${number}`, "-rfbport", String(port), "-geometry", geometry, "-depth", "24"];
    args.push("-localhost", "-alwaysshared", "-desktop", "Test desktop");
    const program = new Program("Xtightvnc", args, { env: { HOME: folder.path } });
    const display = async () => {
      await program.until("display", () => existsSync(socket));
      return new Display(`:${number}`);
    };
    return ready(program, [{ stop: async () => folder.remove() }], display, port);
  });
}
