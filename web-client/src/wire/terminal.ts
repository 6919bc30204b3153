/**
 * Records about text remotes, kinds 0xb0 to 0xbf both ways: plain values to bytes and back. The layout is in
 * `docs/link.md`, the Rust twin is `crates/pure/link/src/terminal.rs`. The engine passes them on as they are, as it
 * does those about files, and this code is loaded with the terminal.
 */

import type { FileRecord } from "./message.js";
import { MessageError, Reader, type Bytes } from "./reader.js";

/** Most bytes of one record of what was typed. */
export const TYPED_MAX_BYTES = 64 << 10;
/** Most columns and rows. */
export const COLUMNS_MAX = 1000;
export const ROWS_MAX = 500;
/** Colours by number, then the foreground and the background. */
export const COLORS = 258;
/** Longest screen, in bytes. */
const SCREEN_MAX_BYTES = 4 << 20;

/** A terminal's size in character cells. */
export interface Cells {
  readonly columns: number;
  readonly rows: number;
}

/** How a terminal is to look. */
export interface TerminalLook {
  readonly fontSizePt: number;
  /** Rows to keep above the screen. */
  readonly scrollback: number;
  /** {@link COLORS} times red, green, blue. */
  readonly colors: Bytes;
  /** A font family, or empty. */
  readonly fontName: string;
}

/** What the gateway tells a terminal. `data` is a view. */
export type TerminalNews =
  | ({ readonly kind: "screen"; readonly data: Bytes } & Cells)
  | { readonly kind: "text"; readonly data: Bytes }
  | ({ readonly kind: "size" } & Cells)
  | ({ readonly kind: "look" } & TerminalLook);

/**
 * Decodes a record; null is one that this version does not know.
 *
 * @throws {MessageError} if it breaks the specification.
 */
export function decodeTerminalNews({ code, body }: FileRecord): TerminalNews | null {
  const from = new Reader(body, "terminal");
  switch (code) {
    case 0xb0:
      return { kind: "screen", ...decodeCells(from), data: decodeData(from) };
    case 0xb1:
      return { kind: "text", data: decodeData(from) };
    case 0xb2:
      return { kind: "size", ...decodeCells(from) };
    case 0xb3:
      return { kind: "look", fontSizePt: from.u8(), scrollback: from.u32(), colors: from.bytes(3 * COLORS), fontName: from.text() };
    default:
      return null;
  }
}

/** What was typed, in records that the gateway takes. */
export function encodeTyped(bytes: Bytes): readonly FileRecord[] {
  const count = Math.ceil(bytes.length / TYPED_MAX_BYTES);
  return Array.from({ length: count }, (_, at) => ({
    kind: "file",
    code: 0xb0,
    // A copy: what is posted to a worker takes the whole buffer along.
    body: bytes.slice(at * TYPED_MAX_BYTES, (at + 1) * TYPED_MAX_BYTES),
  }));
}

/** The size that there is room for. */
export function encodeTerminalResize({ columns, rows }: Cells): FileRecord {
  const body = new Uint8Array(4);
  const view = new DataView(body.buffer);
  view.setUint16(0, columns, true);
  view.setUint16(2, rows, true);
  return { kind: "file", code: 0xb1, body };
}

function decodeCells(from: Reader): Cells {
  const [columns, rows] = [from.u16(), from.u16()];
  if (columns < 1 || columns > COLUMNS_MAX || rows < 1 || rows > ROWS_MAX) {
    throw new MessageError(`a terminal has ${columns} columns and ${rows} rows`);
  }
  return { columns, rows };
}

function decodeData(from: Reader): Bytes {
  if (from.left > SCREEN_MAX_BYTES) {
    throw new MessageError(`a terminal's text has ${from.left} bytes, the limit is ${SCREEN_MAX_BYTES}`);
  }
  return from.rest();
}
