/**
 * Records about sound, kinds 0xa0 to 0xaf both ways: plain values to bytes and back. The layout is in
 * `docs/link.md`, the Rust twin is `crates/pure/link/src/sound.rs`. The engine passes them on as they are, as it does
 * those about files, and this code is loaded with the player.
 */

import type { FileRecord } from "./message.js";
import { MessageError, Reader } from "./reader.js";

/** How frames are packed. */
export type SoundCodec = "opus" | "pcm";

/** What the gateway tells about sound. `data` is a view. */
export type SoundNews =
  | { readonly kind: "format"; readonly codec: SoundCodec; readonly channels: number; readonly rateHz: number }
  | { readonly kind: "frame"; readonly number: number; readonly data: Uint8Array<ArrayBuffer> }
  | { readonly kind: "recording"; readonly on: boolean };

const CODECS: readonly SoundCodec[] = ["opus", "pcm"];

/**
 * Decodes a record; null is one that this version does not know.
 *
 * @throws {MessageError} if it breaks the specification.
 */
export function decodeSoundNews({ code, body }: FileRecord): SoundNews | null {
  const from = new Reader(body, "sound");
  switch (code) {
    case 0xa0: {
      const codec = CODECS[from.u8() - 1];
      const channels = from.u8();
      const rateHz = from.u32();
      if (codec === undefined || (channels !== 1 && channels !== 2)) {
        throw new MessageError(`sound has ${channels} channels in ${String(codec)}`);
      }
      return { kind: "format", codec, channels, rateHz };
    }
    case 0xa1:
      return { kind: "frame", number: from.u32(), data: from.rest() };
    case 0xa2:
      return { kind: "recording", on: from.u8() !== 0 };
    default:
      return null;
  }
}

/** Says how this browser wants to hear the remote; null for not at all. */
export function encodeListen(codec: SoundCodec | null): FileRecord {
  const body = new Uint8Array([codec === null ? 0 : CODECS.indexOf(codec) + 1]);
  return { kind: "file", code: 0xa0, body };
}

/** What the viewer says, in one channel. */
export function encodeSaid(rateHz: number, samples: Int16Array): FileRecord {
  const body = new Uint8Array(4 + 2 * samples.length);
  const view = new DataView(body.buffer);
  view.setUint32(0, rateHz, true);
  samples.forEach((sample, at) => {
    view.setInt16(4 + 2 * at, sample, true);
  });
  return { kind: "file", code: 0xa1, body };
}
