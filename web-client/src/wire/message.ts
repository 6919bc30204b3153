/**
 * Stop 9 of the pixel path: gateway-to-browser records, bytes in, plain values out.
 *
 * One WebSocket message holds whole records: u8 kind, u24 length, body. The layout of each body is
 * beside its case and in `docs/link.md`. The Rust twin is `crates/pure/link`; both are tested
 * against `tests/vectors/link/vectors.json`.
 *
 * This folder is compiled without the DOM library, so it can neither draw nor open sockets.
 */

import { MessageError, Reader, type Bytes } from "./reader.js";

/** The version of the link that this client speaks. */
export const LINK_VERSION = 1;
/** Longest message from the gateway, in bytes. */
export const MESSAGE_MAX_BYTES = 64 << 20;
/** Largest side of a pointer picture, in pixels. */
export const CURSOR_SIDE_MAX_PX = 512;
/** How many sets of JPEG tables the gateway may define. */
export const TABLES_MAX = 16;
/** Longest set of JPEG tables, in bytes: four of each kind take less. */
export const TABLES_MAX_BYTES = 4096;
/** How many video streams there may be. */
export const STREAMS_MAX = 4;
/** Bits of `features` in Hello and Welcome. */
export const FEATURE = { cells: 1, video: 1 << 1, tables: 1 << 2, terminal: 1 << 3, kept: 1 << 8 } as const;

/** A rectangle of the remote's picture, in its pixels. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One of the remote's screens: its place on the picture, and a number that outlives changes of the layout. */
export interface RemoteScreen extends Rect {
  readonly id: number;
}

/** How an image's data is packed. */
export type Codec = "jpeg" | "palette" | "rgb" | "jpegScan";

/** One record from the gateway. Every `data` is a view into the message, not a copy. */
export type Message =
  | WelcomeMessage
  | Drawing
  | { readonly kind: "tables"; readonly number: number; readonly data: Bytes }
  | { readonly kind: "frameEnd"; readonly frame: number }
  | ErrorMessage
  | CursorMessage
  | { readonly kind: "pong"; readonly token: number }
  | NewsRecord
  | FileRecord;

/** A record for the page, as it travels: the engine passes it on. `news.ts` tells what it says. */
export interface NewsRecord {
  readonly kind: "news";
  readonly code: number;
  readonly body: Bytes;
}

/**
 * A record about files, sound or a terminal, as it travels: the engine passes it on. `files.ts`, `sound.ts` and
 * `terminal.ts` tell what it says.
 */
export interface FileRecord {
  readonly kind: "file";
  /** 0x90 to 0x9f: files. 0xa0 to 0xaf: sound. 0xb0 to 0xbf: a terminal. To the gateway also 0x89: replies. */
  readonly code: number;
  readonly body: Bytes;
}

/** The gateway's answer to Hello. */
export interface WelcomeMessage {
  readonly kind: "welcome";
  readonly version: number;
  /** Bits of {@link FEATURE}. */
  readonly features: number;
  /** Bits, see `docs/link.md`. */
  readonly permissions: number;
  /** How long the session lives without a viewer, in milliseconds. */
  readonly lingerMs: number;
  readonly session: Bytes;
  readonly secret: Bytes;
}

/** A record that changes the picture, or the cells, when its frame ends. */
export type Drawing =
  | { readonly kind: "size"; readonly width: number; readonly height: number }
  | { readonly kind: "fill"; readonly rect: Rect; readonly red: number; readonly green: number; readonly blue: number }
  | { readonly kind: "copy"; readonly sourceX: number; readonly sourceY: number; readonly rect: Rect }
  | { readonly kind: "image"; readonly rect: Rect; readonly codec: Codec; readonly data: Bytes }
  /** `cell` is the first of as many as the rectangle has squares. */
  | { readonly kind: "store" | "recall"; readonly cell: number; readonly rect: Rect }
  | VideoMessage;

/** A piece of H.264 and where its picture goes. */
export interface VideoMessage {
  readonly kind: "video";
  readonly rect: Rect;
  /** Which decoder: pieces of one stream depend on each other. */
  readonly stream: number;
  /** Whether it can be decoded without any before it. */
  readonly key: boolean;
  /** The parts to paint, relative to `rect`; none means all of it. */
  readonly parts: readonly Rect[];
  readonly data: Bytes;
}

/** The gateway's last words. */
export interface ErrorMessage {
  readonly kind: "error";
  /** 1 to 7, see `docs/link.md`. */
  readonly category: number;
  /** Whether connecting again without the user may help. */
  readonly retry: boolean;
  /** A short, stable name for programs. */
  readonly cause: string;
  /** A sentence for people. */
  readonly message: string;
}

/** The pointer's picture, still packed. A width or height of 0 hides the pointer. */
export interface CursorMessage {
  readonly kind: "cursor";
  readonly hotspotX: number;
  readonly hotspotY: number;
  readonly width: number;
  readonly height: number;
  readonly data: Bytes;
}

/**
 * Decodes all records of one WebSocket message, and leaves out the optional ones it does not know.
 *
 * @throws {MessageError} if any record breaks the specification.
 */
export function decodeMessages(bytes: Bytes): readonly Message[] {
  if (bytes.length > MESSAGE_MAX_BYTES) {
    throw new MessageError(`message has ${bytes.length} bytes`);
  }
  const reader = new Reader(bytes, "message");
  const messages: Message[] = [];
  while (reader.left > 0) {
    const kind = reader.u8();
    const message = decodeBody(kind, reader.bytes(reader.u24()));
    if (message !== null) {
      messages.push(message);
    }
  }
  return messages;
}

/** Null for an optional record that this build does not know. */
function decodeBody(kind: number, body: Bytes): Message | null {
  const reader = (field: string): Reader => new Reader(body, field);
  switch (kind) {
    case 0x01:
      return decodeWelcome(reader("welcome"));
    case 0x02: {
      const from = reader("size");
      return { kind: "size", width: from.u16(), height: from.u16() };
    }
    case 0x03: {
      const from = reader("fill");
      return { kind: "fill", rect: decodeRect(from), red: from.u8(), green: from.u8(), blue: from.u8() };
    }
    case 0x04: {
      const from = reader("copy");
      return { kind: "copy", sourceX: from.u16(), sourceY: from.u16(), rect: decodeRect(from) };
    }
    case 0x05: {
      const from = reader("image");
      return { kind: "image", rect: decodeRect(from), codec: decodeCodec(from.u8()), data: from.rest() };
    }
    case 0x06:
      return { kind: "frameEnd", frame: reader("frame end").u32() };
    case 0x07:
      return decodeError(reader("error"));
    case 0x08: {
      const from = reader("store");
      return { kind: "store", cell: from.u16(), rect: decodeRect(from) };
    }
    case 0x09: {
      const from = reader("recall");
      return { kind: "recall", cell: from.u16(), rect: decodeRect(from) };
    }
    case 0x0a:
      return decodeTables(reader("tables"));
    case 0x0b:
      return decodeVideo(reader("video"));
    default:
      if (kind < 0x80) {
        throw new MessageError(`record kind ${kind} is not known`);
      }
      return decodeOptional(kind, body);
  }
}

function decodeOptional(kind: number, body: Bytes): Message | null {
  switch (kind) {
    case 0x81:
      return decodeCursor(new Reader(body, "cursor"));
    case 0x89:
      return { kind: "pong", token: new Reader(body, "pong").u32() };
    default:
      return kind > 0xbf ? null : { kind: kind < 0x90 ? "news" : "file", code: kind, body };
  }
}

function decodeWelcome(from: Reader): WelcomeMessage {
  const version = from.u16();
  if (version !== LINK_VERSION) {
    throw new MessageError(`welcome names version ${version}, this client speaks ${LINK_VERSION}`);
  }
  return {
    kind: "welcome",
    version,
    features: from.u32(),
    permissions: from.u16(),
    lingerMs: from.u32(),
    session: from.bytes(16),
    secret: from.bytes(32),
  };
}

function decodeTables(from: Reader): Message {
  const number = from.u8();
  if (number >= TABLES_MAX || from.left > TABLES_MAX_BYTES) {
    throw new MessageError(`tables ${number} have ${from.left} bytes`);
  }
  return { kind: "tables", number, data: from.rest() };
}

function decodeVideo(from: Reader): Message {
  const rect = decodeRect(from);
  const stream = from.u8();
  if (stream >= STREAMS_MAX) {
    throw new MessageError(`video stream is ${stream}`);
  }
  const key = (from.u8() & 1) !== 0;
  const parts = Array.from({ length: from.u8() }, () => decodeRect(from));
  return { kind: "video", rect, stream, key, parts, data: from.rest() };
}

function decodeError(from: Reader): Message {
  return {
    kind: "error",
    category: from.u8(),
    retry: from.u8() !== 0,
    cause: from.text(from.u8()),
    message: from.text(),
  };
}

function decodeCursor(from: Reader): Message {
  const [hotspotX, hotspotY, width, height] = [from.u16(), from.u16(), from.u16(), from.u16()];
  const side = Math.max(width, height);
  if (side > CURSOR_SIDE_MAX_PX) {
    throw new MessageError(`cursor side is ${side}`);
  }
  return { kind: "cursor", hotspotX, hotspotY, width, height, data: from.rest() };
}

/** Reads a rectangle. */
export function decodeRect(from: Reader): Rect {
  return { x: from.u16(), y: from.u16(), width: from.u16(), height: from.u16() };
}

function decodeCodec(code: number): Codec {
  switch (code) {
    case 1:
      return "jpeg";
    case 2:
      return "palette";
    case 3:
      return "rgb";
    case 4:
      return "jpegScan";
    default:
      throw new MessageError(`image codec ${code} is not known`);
  }
}
