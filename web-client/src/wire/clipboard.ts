/**
 * Clipboard content, cut into records and joined again: content may be megabytes, and frames go over the
 * same socket. The Rust twin is `crates/pure/link/src/clipboard.rs`.
 */

import { MessageError, type Bytes, type Reader } from "./reader.js";

/** Longest content in each format, in bytes. */
export const CLIPBOARD_MAX_BYTES = 4 << 20;
/** Longest data of a part that we send, so that acknowledgements wait for little. */
export const PART_MAX_BYTES = 32 << 10;

const FORMATS = [null, "text", "html", "png"] as const;
const CONTINUES = 1 << 6;
const MORE = 1 << 7;

export type ClipboardFormat = NonNullable<(typeof FORMATS)[number]>;

/** What was copied once, in every format that there is of it; null for those that there are not. */
export interface ClipboardContent {
  /** With `\n` at the end of lines. */
  readonly text: string | null;
  /** A fragment. It may be handed to a clipboard, and never put into a document. */
  readonly html: string | null;
  /** A PNG file. */
  readonly png: Bytes | null;
}

/** The body of one Clipboard record. */
export interface ClipboardPart {
  /** Null for a format that this build does not know. */
  readonly format: ClipboardFormat | null;
  /** It goes on with the content of the record before it; else it begins another. */
  readonly continues: boolean;
  /** More of this content follows. */
  readonly more: boolean;
  readonly data: Bytes;
}

const toUtf8 = new TextEncoder();
const fromUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads a record's body. Its data is a view. */
export function decodePart(from: Reader): ClipboardPart {
  const byte = from.u8();
  return {
    format: FORMATS[byte & (CONTINUES - 1)] ?? null,
    continues: (byte & CONTINUES) !== 0,
    more: (byte & MORE) !== 0,
    data: from.rest(),
  };
}

/** The first byte of a record's body. */
export function partHead({ format, continues, more }: ClipboardPart): number {
  return FORMATS.indexOf(format) | (continues ? CONTINUES : 0) | (more ? MORE : 0);
}

/** Cuts `content` into parts; formats that are too long for the gateway are left out. */
export function cutClipboard({ text, html, png }: ClipboardContent): readonly ClipboardPart[] {
  const encode = (words: string | null): Bytes | null => {
    // A UTF-16 unit becomes at least one byte, so what is far too long need not be encoded to know.
    return words === null || words.length > CLIPBOARD_MAX_BYTES ? null : toUtf8.encode(words);
  };
  const pieces: { format: ClipboardFormat; data: Bytes }[] = [];
  for (const [format, data] of [["text", encode(text)], ["html", encode(html)], ["png", png]] as const) {
    if (data !== null && data.length <= CLIPBOARD_MAX_BYTES) {
      for (let at = 0; at === 0 || at < data.length; at += PART_MAX_BYTES) {
        pieces.push({ format, data: data.subarray(at, at + PART_MAX_BYTES) });
      }
    }
  }
  return pieces.map((piece, at) => ({ ...piece, continues: at > 0, more: at < pieces.length - 1 }));
}

/** Joins parts to content. */
export class ClipboardJoiner {
  #held: Record<ClipboardFormat, Bytes[]> | null = null;

  /**
   * Takes a part, and keeps its data until the last one; content once that is there. A part that goes on with nothing
   * is ignored.
   *
   * @throws {MessageError} if a format is too long, or text is not UTF-8.
   */
  push({ format, continues, more, data }: ClipboardPart): ClipboardContent | null {
    if (!continues) {
      this.#held = { text: [], html: [], png: [] };
    }
    const held = this.#held;
    if (held === null) {
      return null;
    }
    if (format !== null) {
      held[format].push(data);
      const length = lengthOf(held[format]);
      if (length > CLIPBOARD_MAX_BYTES) {
        throw new MessageError(`clipboard has ${length} bytes, the limit is ${CLIPBOARD_MAX_BYTES}`);
      }
    }
    if (more) {
      return null;
    }
    this.#held = null;
    return { text: textOf(held.text), html: textOf(held.html), png: join(held.png) };
  }
}

function textOf(parts: readonly Bytes[]): string | null {
  const bytes = join(parts);
  try {
    return bytes === null ? null : fromUtf8.decode(bytes);
  } catch {
    throw new MessageError("clipboard is not UTF-8");
  }
}

function join(parts: readonly Bytes[]): Bytes | null {
  if (parts.length === 0) {
    return null;
  }
  const whole = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function lengthOf(parts: readonly Bytes[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}
