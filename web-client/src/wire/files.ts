/**
 * Records about files, kinds 0x90 to 0x9f both ways: plain values to bytes and back. The layout is in
 * `docs/link.md`, the Rust twin is `crates/pure/link/src/files.rs`. They are used by the file panel alone, so the
 * engine passes them on as they are and this code is loaded with the panel.
 */

import type { FileRecord } from "./message.js";
import { MessageError, Reader, type Bytes } from "./reader.js";

/** Most bytes of a file in one record. */
export const FILE_DATA_MAX_BYTES = 256 << 10;

/** What is asked of the gateway. */
export type FileAct =
  | { readonly kind: "list"; readonly path: string; readonly after: string }
  | { readonly kind: "read"; readonly path: string; readonly offset: number; readonly credit: number }
  | { readonly kind: "write"; readonly path: string; readonly size: number; readonly modifiedMs: number; readonly replace: boolean }
  | { readonly kind: "data"; readonly offset: number; readonly data: Bytes }
  | { readonly kind: "credit"; readonly bytes: number }
  | { readonly kind: "cancel"; readonly discard: boolean }
  | { readonly kind: "rename"; readonly from: string; readonly to: string; readonly replace: boolean }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "makeDirectory"; readonly path: string };

/** A file or directory. */
export interface FileEntry {
  readonly directory: boolean;
  readonly size: number;
  /** Milliseconds since 1970, or 0. */
  readonly modifiedMs: number;
  readonly name: string;
}

/** What the gateway tells about a request, or unasked. `data` is a view. */
export type FileNews =
  | { readonly kind: "page"; readonly free: number; readonly more: boolean; readonly entries: readonly FileEntry[] }
  | { readonly kind: "opened"; readonly offset: number; readonly size: number; readonly modifiedMs: number; readonly credit: number }
  | { readonly kind: "data"; readonly offset: number; readonly data: Bytes }
  | { readonly kind: "credit"; readonly bytes: number }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly cause: string; readonly message: string }
  | { readonly kind: "offered"; readonly path: string; readonly size: number };

const utf8 = new TextEncoder();

/** Encodes a request. */
export function encodeFileAct(request: number, act: FileAct): FileRecord {
  const body = new Body(request);
  switch (act.kind) {
    case "list":
      return body.name(act.after).text(act.path).record(0x90);
    case "read":
      return body.u64(act.offset).u32(act.credit).text(act.path).record(0x91);
    case "write":
      return body.u64(act.size).u64(act.modifiedMs).flag(act.replace).text(act.path).record(0x92);
    case "data":
      return body.u64(act.offset).bytes(act.data).record(0x93);
    case "credit":
      return body.u32(act.bytes).record(0x94);
    case "cancel":
      return body.flag(act.discard).record(0x95);
    case "rename":
      return body.flag(act.replace).longText(act.from).text(act.to).record(0x96);
    case "remove":
      return body.text(act.path).record(0x97);
    case "makeDirectory":
      return body.text(act.path).record(0x98);
  }
}

/**
 * Decodes an answer; null is one that this build does not know.
 *
 * @throws {MessageError} if it breaks the specification.
 */
export function decodeFileNews({ code, body }: FileRecord): { readonly request: number; readonly news: FileNews } | null {
  if (code < 0x90 || code > 0x96) {
    return null;
  }
  const from = new Reader(body, "file answer");
  const request = from.u32();
  return { request, news: decodeNews(code, from) };
}

function decodeNews(code: number, from: Reader): FileNews {
  switch (code) {
    case 0x90:
      return decodePage(from);
    case 0x91:
      return { kind: "opened", offset: u64(from), size: u64(from), modifiedMs: u64(from), credit: from.u32() };
    case 0x92:
      return { kind: "data", offset: u64(from), data: from.rest() };
    case 0x93:
      return { kind: "credit", bytes: from.u32() };
    case 0x94:
      return { kind: "done" };
    case 0x95:
      return { kind: "failed", cause: from.text(from.u8()), message: from.text() };
    default: {
      const size = u64(from);
      return { kind: "offered", size, path: from.text() };
    }
  }
}

function decodePage(from: Reader): FileNews {
  const free = u64(from);
  const more = (from.u8() & 1) !== 0;
  const entries: FileEntry[] = [];
  while (from.left > 0) {
    const kind = from.u8();
    if (kind !== 1 && kind !== 2) {
      throw new MessageError(`a file entry is of kind ${kind}`);
    }
    entries.push({ directory: kind === 2, size: u64(from), modifiedMs: u64(from), name: from.text(from.u8()) });
  }
  return { kind: "page", free, more, entries };
}

/** Sizes beyond 2^53 lose their last digits, which no file that a browser handles has. */
function u64(from: Reader): number {
  const low = from.u32();
  return low + from.u32() * 0x1_0000_0000;
}

/** Writes a body, little-endian. */
class Body {
  readonly #parts: Bytes[] = [];

  constructor(request: number) {
    this.u32(request);
  }

  u32(value: number): this {
    return this.#number(4, (view) => {
      view.setUint32(0, value, true);
    });
  }

  u64(value: number): this {
    return this.#number(8, (view) => {
      view.setBigUint64(0, BigInt(Math.max(0, Math.floor(value))), true);
    });
  }

  flag(on: boolean): this {
    return this.bytes(Uint8Array.of(on ? 1 : 0));
  }

  /** A text of at most 255 bytes, after its length. */
  name(text: string): this {
    const bytes = utf8.encode(text);
    return this.bytes(Uint8Array.of(bytes.length)).bytes(bytes);
  }

  /** The same with a longer length. */
  longText(text: string): this {
    const bytes = utf8.encode(text);
    return this.bytes(Uint8Array.of(bytes.length & 0xff, bytes.length >> 8)).bytes(bytes);
  }

  text(text: string): this {
    return this.bytes(utf8.encode(text));
  }

  bytes(bytes: Bytes): this {
    this.#parts.push(bytes);
    return this;
  }

  record(code: number): FileRecord {
    const body = new Uint8Array(this.#parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      body.set(part, at);
      at += part.length;
    }
    return { kind: "file", code, body };
  }

  #number(length: number, set: (view: DataView) => void): this {
    const bytes = new Uint8Array(length);
    set(new DataView(bytes.buffer));
    return this.bytes(bytes);
  }
}
