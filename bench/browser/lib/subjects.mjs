/** What is measured: programs that bring the desktop into a browser. */

import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Program, run, temporaryFolder } from "./programs.mjs";
import { binary } from "./binaries.mjs";

const HERE = fileURLToPath(new URL("..", import.meta.url));
const NOVNC = `${HERE}/node_modules/@novnc/novnc`;

/**
 * @typedef {import("./network.mjs").Network} Network
 * @typedef {{
 *   readonly address: string,
 *   readonly pid: number,
 *   readonly log: () => string,
 *   readonly stop: () => Promise<void>,
 * }} Running what serves one desktop: its page's address, and its process
 * @typedef {{
 *   readonly name: string,
 *   readonly title: string,
 *   readonly start: (network: Network, port: number, vncPort: number) => Promise<Running>,
 *   readonly version: () => Promise<string>,
 *   readonly engine: (page: import("./browser.mjs").Page) => Promise<{ decodeMs: Spread, drawMs: Spread, cells: number } | null>,
 * }} Subject `engine`: what its client counted since it was last asked, if it counts
 * @typedef {{ readonly p50: number, readonly p95: number }} Spread
 */

/** @param {unknown} value */
function base64url(value) {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** @param {string} secret */
function token(secret) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: "https://portal.test", aud: "gateway.test", sub: "user-1", jti: randomUUID(), iat: now, exp: now + 3600 };
  const payload = { ...claims, porthole: { target: { connection: "desktop" } } };
  const signed = `${base64url({ alg: "HS256", typ: "JWT" })}.${base64url(payload)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/**
 * @param {string} secret
 * @param {string} listen
 * @param {number} vncPort
 */
function configuration(secret, listen, vncPort) {
  return `[server]
listen = "${listen}"
drain_s = 0

[log]
format = "json"
level = "info"

[tokens]
issuers = ["https://portal.test"]
audiences = ["gateway.test"]
algorithms = ["HS256"]

[[tokens.keys]]
kind = "secret"
secret = "${secret}"

[[policy.allow]]
protocol = "vnc"
networks = ["127.0.0.1"]
ports = ["1024-65535"]
allow_special = true

[connections.desktop]
protocol = "vnc"
hostname = "127.0.0.1"
port = ${vncPort}
`;
}

/** The gateway's environment, as `deploy/` has it. */
const AS_DEPLOYED = { MALLOC_MMAP_THRESHOLD_: "131072" };

/** @type {Subject} */
const porthole = {
  name: "porthole",
  title: "Porthole",
  version: async () => (await run(binary("porthole"), ["--version"])).toString().trim(),
  engine: (page) => page.page.evaluate(() => window.portholeProbe.engine()),
  start: async (network, port, vncPort) => {
    const folder = temporaryFolder();
    const secret = randomBytes(32).toString("hex");
    const listen = `${network.address}:${port}`;
    const path = `${folder.path}/porthole.toml`;
    writeFileSync(path, configuration(secret, listen, vncPort));
    const program = new Program(binary("porthole"), ["serve", "--config", path], { namespace: network.far, env: AS_DEPLOYED });
    await program.until("listener", () => program.stderr.includes('"listening"') || program.stdout.includes('"listening"'));
    return {
      address: `http://${listen}/s?bare&scale=native#token=${token(secret)}`,
      pid: program.pid,
      log: () => program.stderr,
      stop: async () => {
        await program.stop();
        folder.remove();
      },
    };
  },
};

/** @type {Subject} */
const novnc = {
  name: "novnc",
  title: "noVNC",
  version: async () => `noVNC ${JSON.parse(readFileSync(`${NOVNC}/package.json`, "utf8")).version}`,
  engine: async () => null,
  start: async (network, port, vncPort) => {
    const folder = temporaryFolder();
    mkdirSync(`${folder.path}/novnc`);
    for (const part of ["core", "vendor"]) {
      cpSync(`${NOVNC}/${part}`, `${folder.path}/novnc/${part}`, { recursive: true });
    }
    copyFileSync(`${HERE}/pages/novnc.html`, `${folder.path}/index.html`);
    const listen = `${network.address}:${port}`;
    const args = ["--web", folder.path, listen, `127.0.0.1:${vncPort}`];
    const program = new Program("websockify", args, { namespace: network.far, env: { PYTHONUNBUFFERED: "1" } });
    await program.until("listener", () => /proxying from/.test(program.stdout + program.stderr));
    return {
      address: `http://${listen}/index.html`,
      pid: program.pid,
      log: () => program.stdout + program.stderr,
      stop: async () => {
        await program.stop();
        folder.remove();
      },
    };
  },
};

/** By name, in the order of the table's columns. */
export const SUBJECTS = { novnc, porthole };
