/** A small gateway for browser tests: serves the built page and speaks the link as told. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { WebSocketServer, type WebSocket } from "ws";

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One record from the browser: its kind and body. */
export interface Received {
  readonly kind: number;
  readonly body: Buffer;
}

interface SiteFile {
  readonly path: string;
  readonly type: string;
}

const SITE = resolve(process.cwd(), "dist/site");
const PAGE = readFileSync(`${SITE}/index.html`, "utf8");

/** The source that allows what stands in the page's element without attributes. */
function inlineSource(element: "script" | "style"): string {
  const text = new RegExp(`<${element}>([^]*?)</${element}>`).exec(PAGE)?.[1] ?? "";
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

const CSP =
  `default-src 'none'; script-src 'self' ${inlineSource("script")}; style-src 'self' ${inlineSource("style")}; ` +
  "img-src 'self' data: blob:; connect-src 'self' ws: wss:; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** One WebSocket of a browser. */
export class Peer {
  readonly socket: WebSocket;
  readonly token: string;
  readonly received: Received[] = [];
  #frame = 0;
  #arrived: () => void = () => undefined;

  constructor(socket: WebSocket, offered: string) {
    const part = (name: string): string => new RegExp(`porthole\\.${name}\\.([^,\\s]+)`).exec(offered)?.[1] ?? "";
    this.socket = socket;
    this.token = part("token");
    const early = Buffer.from(part("hello"), "base64url");
    if (early.length > 0) {
      this.received.push({ kind: early.readUInt8(0), body: early.subarray(4) });
    }
    socket.on("message", (data: Buffer) => {
      for (let at = 0; at < data.length; ) {
        const length = data.readUIntLE(at + 1, 3);
        const kind = data.readUInt8(at);
        const body = data.subarray(at + 4, at + 4 + length);
        if (kind === 0x83) {
          socket.send(record(0x89, body));
        } else {
          this.received.push({ kind, body });
          this.#arrived();
        }
        at += 4 + length;
      }
    });
  }

  send(...records: readonly Buffer[]): void {
    this.socket.send(Buffer.concat(records));
  }

  /** Sends drawing records and a frame end; resolves with the frame's number. */
  frame(...records: readonly Buffer[]): number {
    this.#frame += 1;
    this.send(...records, record(0x06, u32(this.#frame)));
    return this.#frame;
  }

  /** Waits until `find` finds something among the received records. */
  async until<T>(find: (received: readonly Received[]) => T | undefined): Promise<T> {
    for (;;) {
      const found = find(this.received);
      if (found !== undefined) {
        return found;
      }
      await new Promise<void>((done) => {
        this.#arrived = done;
      });
    }
  }

  /** Waits for the acknowledgement of `frame`. */
  async acked(frame: number): Promise<void> {
    await this.until((all) => all.find(({ kind, body }) => kind === 0x02 && body.readUInt32LE(0) === frame));
  }

  /** Sends a frame and waits until it is on the canvas. */
  async shown(...records: readonly Buffer[]): Promise<void> {
    await this.acked(this.frame(...records));
  }

  /** What came since the last call, as text, without acknowledgements. */
  takeInput(): readonly string[] {
    return this.received.splice(0).filter(({ kind }) => kind !== 0x02).map(describe);
  }
}

/** The server: `next` gives the browser's next connection. */
export class Gateway {
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #waiting: ((peer: Peer) => void)[] = [];
  readonly #peers: Peer[] = [];
  /** Extra pages, by path. */
  readonly pages = new Map<string, string>();
  /** The Content-Security-Policy header. */
  policy = CSP;

  private constructor() {
    const { files } = JSON.parse(readFileSync(`${SITE}/manifest.json`, "utf8")) as { files: readonly SiteFile[] };
    this.#server = createServer((request, response) => {
      const path = new URL(request.url ?? "/", "http://gateway").pathname.replace(/^\/prefix\//, "/");
      const name = path === "/" || path === "/s" ? "index.html" : path.slice(1);
      const file = files.find((one) => one.path === name);
      const page = this.pages.get(path);
      response.setHeader("content-security-policy", this.policy);
      const module = /^\/pkg\/([\w-]+\.js)$/.exec(path)?.[1];
      if (module !== undefined) {
        response.setHeader("content-type", "text/javascript").end(readFileSync(resolve(process.cwd(), "dist/pkg", module)));
      } else if (page !== undefined) {
        response.setHeader("content-type", "text/html").end(page);
      } else if (file !== undefined) {
        response.setHeader("content-type", file.type).end(readFileSync(`${SITE}/${file.path}`));
      } else {
        response.writeHead(404).end();
      }
    });
    this.#sockets = new WebSocketServer({
      server: this.#server,
      handleProtocols: (protocols) => (protocols.has("porthole.v1") ? "porthole.v1" : false),
    });
    this.#sockets.on("connection", (socket, request) => {
      const peer = new Peer(socket, request.headers["sec-websocket-protocol"] ?? "");
      const waiting = this.#waiting.shift();
      if (waiting === undefined) {
        this.#peers.push(peer);
      } else {
        waiting(peer);
      }
    });
  }

  static async start(): Promise<Gateway> {
    const gateway = new Gateway();
    await new Promise<void>((done) => {
      gateway.#server.listen(0, "127.0.0.1", done);
    });
    return gateway;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async next(): Promise<Peer> {
    return this.#peers.shift() ?? (await new Promise<Peer>((done) => this.#waiting.push(done)));
  }

  /** Waits for a connection and its Hello, and welcomes it with a first frame. */
  async welcome(width: number, height: number, options: { linger?: number; permissions?: number; secret?: number } = {}): Promise<Peer> {
    const peer = await this.greeted();
    peer.send(welcome(options.linger ?? 60_000, options.permissions ?? 7, options.secret ?? 2));
    await peer.shown(size(width, height));
    return peer;
  }

  /** Waits for a connection and its Hello. */
  async greeted(): Promise<Peer> {
    const peer = await this.next();
    await peer.until((all) => all.find(({ kind }) => kind === 0x01));
    return peer;
  }

  stop(): void {
    this.#sockets.clients.forEach((socket) => {
      socket.terminate();
    });
    this.#sockets.close();
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

export function record(kind: number, body: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt8(kind, 0);
  head.writeUIntLE(body.length, 1, 3);
  return Buffer.concat([head, body]);
}

export function u16(...values: readonly number[]): Buffer {
  return Buffer.from(Uint16Array.from(values).buffer);
}

export function u32(...values: readonly number[]): Buffer {
  return Buffer.from(Uint32Array.from(values).buffer);
}

export function welcome(linger: number, permissions: number, secret: number, features = 0): Buffer {
  return record(0x01, Buffer.concat([u16(1), u32(features), u16(permissions), u32(linger), Buffer.alloc(16, 1), Buffer.alloc(32, secret)]));
}

export function size(width: number, height: number): Buffer {
  return record(0x02, u16(width, height));
}

export function fill({ x, y, width, height }: Rectangle, colour: readonly [number, number, number]): Buffer {
  return record(0x03, Buffer.concat([u16(x, y, width, height), Buffer.from(colour)]));
}

export function copy(sourceX: number, sourceY: number, { x, y, width, height }: Rectangle): Buffer {
  return record(0x04, u16(sourceX, sourceY, x, y, width, height));
}

export function image({ x, y, width, height }: Rectangle, codec: number, data: Uint8Array): Buffer {
  return record(0x05, Buffer.concat([u16(x, y, width, height), Buffer.from([codec]), data]));
}

/** `kind`: what happens to the cells from `cell` on. */
export function cells(kind: "store" | "recall", cell: number, { x, y, width, height }: Rectangle): Buffer {
  return record(kind === "store" ? 0x08 : 0x09, u16(cell, x, y, width, height));
}

export function tables(number: number, data: Uint8Array): Buffer {
  return record(0x0a, Buffer.concat([Buffer.from([number]), data]));
}

export function video(
  { x, y, width, height }: Rectangle,
  key: boolean,
  data: Uint8Array,
  { stream = 0, parts = [] }: { stream?: number; parts?: readonly Rectangle[] } = {},
): Buffer {
  const places = parts.map((part) => u16(part.x, part.y, part.width, part.height));
  return record(0x0b, Buffer.concat([u16(x, y, width, height), Buffer.from([stream, key ? 1 : 0, parts.length]), ...places, data]));
}

export function failure(category: number, retry: boolean, cause: string, message: string): Buffer {
  return record(0x07, Buffer.concat([Buffer.from([category, retry ? 1 : 0, cause.length]), Buffer.from(cause + message)]));
}

export function text(kind: number, words: string): Buffer {
  return record(kind, Buffer.from(words));
}

function describe({ kind, body }: Received): string {
  switch (kind) {
    case 0x01:
      return `hello ${body.readUInt16LE(6)}x${body.readUInt16LE(8)} @${body.readUInt16LE(10)} flags ${body.readUInt8(12)}`;
    case 0x03:
      return `${body.readUInt8(0) === 1 ? "+" : "-"}${body.readUInt32LE(1).toString(16)}/${body.readUInt16LE(5).toString(16)}`;
    case 0x04:
      return `text ${body.toString("utf8")}`;
    case 0x05:
      return `pointer ${body.readUInt16LE(0)},${body.readUInt16LE(2)} ${body.readUInt8(4)}`;
    case 0x06:
      return `wheel ${body.readUInt16LE(0)},${body.readUInt16LE(2)} ${body.readInt16LE(4)},${body.readInt16LE(6)}`;
    case 0x07:
      return "release all";
    case 0x81:
      return `clipboard ${body.toString("utf8", 1)}`;
    case 0x82:
      return `resize ${body.readUInt16LE(0)}x${body.readUInt16LE(2)} @${body.readUInt16LE(4)}`;
    case 0x84:
      return `quality ${body.readUInt8(0)}`;
    case 0x85:
      return `visible ${body.readUInt8(0)}`;
    case 0x86:
      return `repaint ${[0, 2, 4, 6].map((at) => body.readUInt16LE(at)).join()}`;
    default:
      return `kind ${kind}`;
  }
}
