/** Bytes as hexadecimal text, for what must be stored as text. */

import type { Bytes } from "../wire/reader.js";

export function toHex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Null unless `text` is exactly `length` bytes of hexadecimal. */
export function fromHex(text: string, length: number): Bytes | null {
  if (text.length !== 2 * length || !/^[0-9a-f]*$/i.test(text)) {
    return null;
  }
  return Uint8Array.from({ length }, (_, at) => Number.parseInt(text.slice(2 * at, 2 * at + 2), 16));
}
