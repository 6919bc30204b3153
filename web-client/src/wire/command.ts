/**
 * Browser-to-gateway records: plain values in, bytes out. The layout is in `docs/link.md`.
 *
 * The encoder trusts its caller's types and clamps numbers to their fields, so that no value from
 * the page can make a record that the gateway would close the link for.
 */

import { partHead, type ClipboardPart } from "./clipboard.js";
import { FEATURE, LINK_VERSION, type FileRecord, type Rect } from "./message.js";
import type { Bytes } from "./reader.js";

/** Longest Text record, in bytes of UTF-8. */
export const TEXT_MAX_BYTES = 4096;

/** What lets a viewer come back to its session: 16 and 32 bytes. */
export interface Resume {
  readonly session: Bytes;
  readonly secret: Bytes;
}

/** The first record. */
export interface Hello {
  readonly kind: "hello";
  /** Bits of `FEATURE`. */
  readonly features: number;
  readonly width: number;
  readonly height: number;
  readonly scalePercent: number;
  readonly viewOnly: boolean;
  readonly resume: Resume | null;
  /** The last frame of the connection before that is on the canvas, if canvas and cells are as it left them. */
  readonly painted: number | null;
  /** How many cells there are; counts with the feature only. */
  readonly cells: number;
  /** The IANA name of the viewer's time zone. */
  readonly timeZone?: string | undefined;
}

/** One record to the gateway. */
export type Command =
  | Hello
  | { readonly kind: "ack"; readonly frame: number; readonly decodeUs: number }
  | { readonly kind: "key"; readonly down: boolean; readonly keysym: number; readonly scancode: number }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "pointer"; readonly x: number; readonly y: number; readonly buttons: number }
  | { readonly kind: "wheel"; readonly x: number; readonly y: number; readonly dx: number; readonly dy: number }
  | { readonly kind: "releaseAll" }
  /** `phase` is 0 down, 1 moves, 2 up, 3 not meant. */
  | { readonly kind: "touch"; readonly contact: number; readonly phase: number; readonly x: number; readonly y: number }
  | ({ readonly kind: "clipboard" } & ClipboardPart)
  | { readonly kind: "resize"; readonly width: number; readonly height: number; readonly scalePercent: number }
  | { readonly kind: "ping"; readonly token: number }
  | { readonly kind: "quality"; readonly mode: number }
  | { readonly kind: "visible"; readonly visible: boolean }
  | { readonly kind: "repaint"; readonly rect: Rect }
  | { readonly kind: "answer"; readonly username: string; readonly password: string; readonly domain: string }
  | FileRecord;

const utf8 = new TextEncoder();

/** Encodes one record, its header included. */
export function encodeCommand(command: Command): Bytes {
  switch (command.kind) {
    case "hello":
      return encodeHello(command);
    case "ack":
      return record(0x02, 8, (body) => body.u32(command.frame).u32(command.decodeUs));
    case "key":
      return record(0x03, 7, (body) => body.u8(command.down ? 1 : 0).u32(command.keysym).u16(command.scancode));
    case "text":
      return textRecord(0x04, command.text);
    case "pointer":
      return record(0x05, 5, (body) => body.u16(command.x).u16(command.y).u8(command.buttons));
    case "wheel":
      return record(0x06, 8, (body) => body.u16(command.x).u16(command.y).i16(command.dx).i16(command.dy));
    case "releaseAll":
      return record(0x07, 0, (body) => body);
    case "touch":
      return record(0x88, 6, (body) => body.u8(command.contact).u8(command.phase).u16(command.x).u16(command.y));
    case "clipboard":
      return record(0x81, 1 + command.data.length, (body) => body.u8(partHead(command)).bytes(command.data));
    case "resize":
      return record(0x82, 6, (body) => body.u16(command.width).u16(command.height).u16(command.scalePercent));
    case "ping":
      return record(0x83, 4, (body) => body.u32(command.token));
    case "quality":
      return record(0x84, 1, (body) => body.u8(command.mode));
    case "visible":
      return record(0x85, 1, (body) => body.u8(command.visible ? 1 : 0));
    case "repaint": {
      const { x, y, width, height } = command.rect;
      return record(0x86, 8, (body) => body.u16(x).u16(y).u16(width).u16(height));
    }
    case "answer":
      return encodeAnswer([command.username, command.password, command.domain]);
    case "file":
      return record(command.code, command.body.length, (body) => body.bytes(command.body));
  }
}

/** The subprotocol that says Hello together with the request for the WebSocket. */
export function helloProtocol(hello: Hello): string {
  const letters = btoa(String.fromCharCode(...encodeHello(hello)));
  // RFC 4648 section 5, without padding: a subprotocol has no room for the other alphabet.
  return `porthole.hello.${letters.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "")}`;
}

/** Cuts `text` into pieces that fit a Text record each, never inside a character. */
export function splitText(text: string): readonly string[] {
  const pieces: string[] = [];
  let piece = "";
  let pieceBytes = 0;
  for (const character of text) {
    const bytes = utf8.encode(character).length;
    if (pieceBytes + bytes > TEXT_MAX_BYTES) {
      pieces.push(piece);
      piece = "";
      pieceBytes = 0;
    }
    piece += character;
    pieceBytes += bytes;
  }
  if (piece !== "") {
    pieces.push(piece);
  }
  return pieces;
}

function encodeHello(hello: Hello): Bytes {
  const { resume, painted } = hello;
  const keepsCells = (hello.features & FEATURE.cells) !== 0;
  const resumeBytes = resume === null ? 0 : resume.session.length + resume.secret.length;
  const zone = utf8.encode(hello.timeZone ?? "");
  return record(0x01, 13 + resumeBytes + (painted === null ? 0 : 4) + (keepsCells ? 2 : 0) + zone.length, (body) => {
    body.u16(LINK_VERSION).u32(hello.features).u16(hello.width).u16(hello.height).u16(hello.scalePercent);
    body.u8((resume === null ? 0 : 1) | (hello.viewOnly ? 2 : 0) | (painted === null ? 0 : 4));
    if (resume !== null) {
      body.bytes(resume.session).bytes(resume.secret);
    }
    if (painted !== null) {
      body.u32(painted);
    }
    return (keepsCells ? body.u16(hello.cells) : body).bytes(zone);
  });
}

function encodeAnswer(answers: readonly string[]): Bytes {
  const texts = answers.map((answer) => utf8.encode(answer));
  const length = texts.reduce((sum, text) => sum + 2 + text.length, 0);
  return record(0x87, length, (body) => texts.reduce((to, text) => to.u16(text.length).bytes(text), body));
}

function textRecord(kind: number, text: string): Bytes {
  const bytes = utf8.encode(text);
  return record(kind, bytes.length, (body) => body.bytes(bytes));
}

function record(kind: number, length: number, fill: (body: Writer) => Writer): Bytes {
  const writer = new Writer(4 + length);
  fill(writer.u8(kind).u16(length & 0xffff).u8(length >> 16));
  return writer.done;
}

/** Writes little-endian numbers, clamped to their fields. */
class Writer {
  readonly done: Bytes;
  readonly #view: DataView;
  #at = 0;

  constructor(length: number) {
    this.done = new Uint8Array(length);
    this.#view = new DataView(this.done.buffer);
  }

  u8(value: number): this {
    this.#view.setUint8(this.#advance(1), clamp(value, 0, 0xff));
    return this;
  }

  u16(value: number): this {
    this.#view.setUint16(this.#advance(2), clamp(value, 0, 0xffff), true);
    return this;
  }

  i16(value: number): this {
    this.#view.setInt16(this.#advance(2), clamp(value, -0x8000, 0x7fff), true);
    return this;
  }

  u32(value: number): this {
    this.#view.setUint32(this.#advance(4), clamp(value, 0, 0xffff_ffff), true);
    return this;
  }

  bytes(bytes: Bytes): this {
    this.done.set(bytes, this.#advance(bytes.length));
    return this;
  }

  #advance(length: number): number {
    const at = this.#at;
    this.#at = at + length;
    return at;
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, Math.round(value)));
}
