/** The gateway under test: configuration, start, tokens and log. */

import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Program, temporaryFolder } from "./programs.mjs";

const BINARY = process.env["PORTHOLE_BIN"] ?? fileURLToPath(new URL("../../../target/debug/porthole", import.meta.url));
const ISSUER = "https://portal.test";
const AUDIENCE = "gateway.test";

/** For a connection: encodings that lose nothing, so that the server's picture is the gateway's. */
export const LOSSLESS_SERVER = 'parameters.encodings = "copyrect zrle hextile raw"';

/**
 * What a token says, where it differs from an ordinary one. `claims` are set last; one that is undefined is left out.
 *
 * @typedef {{
 *   readonly connection?: string,
 *   readonly allow?: readonly string[],
 *   readonly claims?: Record<string, unknown>,
 *   readonly header?: Record<string, unknown>,
 *   readonly secret?: string,
 * }} TokenWishes
 */

/** @param {unknown} value */
function base64url(value) {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** A running gateway. */
export class Gateway {
  /** Where browsers reach it, without a slash at the end. */
  origin = "";
  /** Its port on loopback. */
  port = 0;
  #secret = randomBytes(32).toString("hex");
  #folder = temporaryFolder();
  #program = /** @type {Program | null} */ (null);
  /** @type {string[]} */
  #tokens = [];

  /**
   * @param {Record<string, number | { port: number, more: string, protocol?: string }>} connections names and ports on
   * loopback, of VNC servers unless `protocol` says otherwise; `more`: more lines, TOML too
   * @param {{ server?: string, tls?: { certificate: string, key: string }, extra?: string }} [options] `server`: lines for
   * `[server]`; `extra`: more sections; both TOML
   */
  static async start(connections, { server = "", tls, extra = "" } = {}) {
    const gateway = new Gateway();
    const path = `${gateway.#folder.path}/porthole.toml`;
    writeFileSync(path, gateway.#configuration(connections, server, tls, extra));
    const program = new Program(BINARY, ["serve", "--config", path]);
    gateway.#program = program;
    const address = await program.until("listener", () => {
      const line = gateway.records().find(({ message, listener }) => message === "listening" && listener !== "metrics");
      return /** @type {string | undefined} */ (line?.["address"]);
    });
    gateway.port = Number(address.split(":").at(-1));
    gateway.origin = `${tls === undefined ? "http" : "https"}://${address}`;
    return gateway;
  }

  /** Everything it has logged. */
  get log() {
    return this.#program?.stderr ?? "";
  }

  /** The log's whole lines. @returns {Record<string, unknown>[]} */
  records() {
    return this.log.split("\n").slice(0, -1).flatMap((line) => {
      try {
        return [JSON.parse(line)];
      } catch {
        return [{ message: line }];
      }
    });
  }

  /** How many sessions it has opened so far. */
  get sessionsOpened() {
    return this.records().filter(({ message }) => message === "session opened").length;
  }

  /** Signs a token. @param {TokenWishes} [wishes] */
  token({ connection = "desktop", allow, claims = {}, header = {}, secret = this.#secret } = {}) {
    const now = Math.floor(Date.now() / 1000);
    const payload = {
      iss: ISSUER,
      aud: AUDIENCE,
      sub: "user-1",
      jti: randomUUID(),
      iat: now,
      exp: now + 600,
      porthole: { target: { connection }, ...(allow === undefined ? {} : { allow }) },
      ...claims,
    };
    const signed = `${base64url({ alg: "HS256", typ: "JWT", ...header })}.${base64url(payload)}`;
    const token = `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
    this.#tokens.push(token);
    return token;
  }

  /** Its page's address with a token. @param {string} token @param {string} [query] without the question mark */
  link(token, query = "", origin = this.origin) {
    return `${origin}/s${query === "" ? "" : `?${query}`}#token=${token}`;
  }

  /** Tokens that stand in the log, and lines that tell of a panic. Both must be none. */
  faults() {
    const { log } = this;
    const leaked = this.#tokens.filter((token) => token.split(".").slice(1).some((part) => part !== "" && log.includes(part)));
    return [...leaked.map((token) => `the log has the token ${token}`), ...log.split("\n").filter((line) => line.includes("panicked"))];
  }

  async stop() {
    await this.#program?.stop();
    this.#folder.remove();
  }

  /**
   * @param {Record<string, number | { port: number, more: string, protocol?: string }>} connections
   * @param {string} server
   * @param {{ certificate: string, key: string } | undefined} tls
   * @param {string} extra
   */
  #configuration(connections, server, tls, extra) {
    const named = Object.entries(connections).map(([name, connection]) => {
      const { port, more, protocol = "vnc" } = typeof connection === "number" ? { port: connection, more: "" } : connection;
      return `[connections.${name}]\nprotocol = "${protocol}"\nhostname = "127.0.0.1"\nport = ${port}\n${more}\n`;
    });
    const secured = tls === undefined ? "" : `[server.tls]\ncert_file = "${tls.certificate}"\nkey_file = "${tls.key}"\n`;
    return `[server]
listen = "127.0.0.1:0"
drain_s = 0
${server}
${secured}
[log]
format = "json"
level = "info,porthole_gateway=debug,porthole_dial=debug"

[tokens]
issuers = ["${ISSUER}"]
audiences = ["${AUDIENCE}"]
algorithms = ["HS256"]

[[tokens.keys]]
kind = "secret"
secret = "${this.#secret}"

[[policy.allow]]
protocol = "vnc"
networks = ["127.0.0.1"]
ports = ["1024-65535"]
allow_special = true

[[policy.allow]]
protocol = "rdp"
networks = ["127.0.0.1"]
ports = ["1024-65535"]
allow_special = true

[[policy.allow]]
protocol = "ssh"
networks = ["127.0.0.1"]
ports = ["1024-65535"]
allow_special = true

${named.join("\n")}
${extra}
`;
  }
}
