/**
 * Stop 9 of the pixel path: H.264, one decoder for each of the link's streams.
 *
 * A decoder gives its pictures back some time later, or never. Each piece that goes in is named by its timestamp and
 * answered exactly once: with its picture, or with a failure after an error or a wait that is too long. A stream
 * that failed starts anew with its next key picture; the pieces until then fail at once.
 *
 * Colours are what `drawImage` makes of them: the browser follows the stream's colour description (H.264 annex E),
 * and without one guesses, which not all browsers do alike. The encoder should therefore write one.
 */

import { STREAMS_MAX, type VideoMessage } from "../wire/message.js";
import type { Bytes } from "../wire/reader.js";

/** Longest wait for a picture, in milliseconds: whatever is drawn after it waits too. */
const PICTURE_MAX_MS = 500;
/** The same while a decoder starts: one in hardware may take a while to be there. */
const START_MAX_MS = 1_000;
/** After so many waits in vain, the next connection is without video: a decoder that holds pictures back is of no use. */
const STALLS_MAX = 2;
/** How long the browser may take to say what it can, in milliseconds. */
const PROBE_MAX_MS = 300;
/** Constrained baseline, level 3.1: who decodes that has an H.264 decoder. */
const CODEC_PROBED = "avc1.42E01F";
/** `nal_unit_type` of a sequence parameter set (ITU-T H.264 table 7-1). */
const NAL_SPS = 7;

type Outcome = VideoFrame | "failed";

/** Whether this browser decodes H.264. It answers within `PROBE_MAX_MS`. */
export async function probeVideo(): Promise<boolean> {
  // Missing in pages without HTTPS, whatever the types say.
  if (!("VideoDecoder" in globalThis)) {
    return false;
  }
  const asked = VideoDecoder.isConfigSupported(configuration(CODEC_PROBED)).then(
    ({ supported }) => supported === true,
    () => false,
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((done) => {
    timer = setTimeout(done, PROBE_MAX_MS, false);
  });
  const supported = await Promise.race([asked, late]);
  clearTimeout(timer);
  return supported;
}

/** All streams of one link. */
export class VideoStreams {
  readonly #streams: (Stream | undefined)[] = [];
  #stalls = 0;

  /** Whether pictures come as they should. */
  get isUsable(): boolean {
    return this.#stalls < STALLS_MAX;
  }

  /** Decodes one piece. `finish` is called once, perhaps before this returns, and owns the picture. */
  decode(message: VideoMessage, finish: (outcome: Outcome) => void): void {
    if (message.stream >= STREAMS_MAX) {
      finish("failed");
      return;
    }
    const stream = (this.#streams[message.stream] ??= new Stream(() => {
      this.#stalls += 1;
    }));
    stream.decode(message, finish);
  }

  /** Closes all decoders. What is under way fails. */
  close(): void {
    for (const stream of this.#streams.splice(0)) {
      stream?.close();
    }
  }
}

interface Pending {
  readonly finish: (outcome: Outcome) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

class Stream {
  readonly #stalled: () => void;
  #decoder: VideoDecoder | null = null;
  /** The parameter set that the decoder was configured for. */
  #sps: Bytes = new Uint8Array(0);
  /** By timestamp. */
  readonly #pending = new Map<number, Pending>();
  #timestamp = 0;

  constructor(stalled: () => void) {
    this.#stalled = stalled;
  }

  decode({ key, data }: VideoMessage, finish: (outcome: Outcome) => void): void {
    let isNew = false;
    try {
      isNew = key && this.#prepare(data);
      if (this.#decoder === null) {
        finish("failed");
        return;
      }
      this.#timestamp += 1;
      this.#decoder.decode(new EncodedVideoChunk({ type: key ? "key" : "delta", timestamp: this.#timestamp, data }));
    } catch {
      // A configuration that the browser refuses, or a piece that it sees to be broken.
      finish("failed");
      this.close();
      return;
    }
    const timer = setTimeout(() => {
      this.#stalled();
      this.close();
    }, isNew ? START_MAX_MS : PICTURE_MAX_MS);
    this.#pending.set(this.#timestamp, { finish, timer });
  }

  /** Lets go of the decoder, and of all that it owes. */
  close(): void {
    const decoder = this.#decoder;
    this.#decoder = null;
    if (decoder !== null && decoder.state !== "closed") {
      decoder.close();
    }
    for (const timestamp of [...this.#pending.keys()]) {
      this.#settle(timestamp, "failed");
    }
  }

  /** Makes the decoder ready for a key picture. Returns whether it starts anew. */
  #prepare(data: Bytes): boolean {
    const sps = findSps(data);
    if (sps === null) {
      throw new Error("a key picture has no parameter set");
    }
    if (this.#decoder !== null && isSame(sps, this.#sps)) {
      return false;
    }
    this.#decoder ??= this.#open();
    this.#decoder.configure(configuration(codecOf(sps)));
    this.#sps = sps.slice();
    return true;
  }

  #open(): VideoDecoder {
    const decoder = new VideoDecoder({
      output: (frame) => {
        this.#settle(frame.timestamp, frame);
      },
      error: () => {
        // A decoder that was replaced meanwhile is no concern of the one after it.
        if (this.#decoder === decoder) {
          this.close();
        }
      },
    });
    return decoder;
  }

  #settle(timestamp: number, outcome: Outcome): void {
    const pending = this.#pending.get(timestamp);
    if (pending !== undefined) {
      this.#pending.delete(timestamp);
      clearTimeout(pending.timer);
      pending.finish(outcome);
    } else if (outcome !== "failed") {
      outcome.close();
    }
  }
}

function configuration(codec: string): VideoDecoderConfig {
  // Without a description, the data is in Annex B form.
  return { codec, optimizeForLatency: true, hardwareAcceleration: "no-preference" };
}

/** The first sequence parameter set of an access unit in Annex B form, its header byte included, or null. */
export function findSps(data: Bytes): Bytes | null {
  for (let at = data.indexOf(1); at !== -1; at = data.indexOf(1, at + 1)) {
    const starts = at >= 2 && data[at - 1] === 0 && data[at - 2] === 0;
    if (starts && ((data[at + 1] ?? 0) & 0x1f) === NAL_SPS && at + 4 < data.length) {
      return data.subarray(at + 1, endOfNal(data, at + 1));
    }
  }
  return null;
}

/** Where the unit that begins at `from` ends: before the next start code, which no unit contains. */
function endOfNal(data: Bytes, from: number): number {
  for (let at = data.indexOf(0, from); at !== -1; at = data.indexOf(0, at + 1)) {
    if (data[at + 1] === 0 && (data[at + 2] ?? 0) <= 1) {
      return at;
    }
  }
  return data.length;
}

/** The codec's name: profile, constraints and level as the parameter set has them (RFC 6381 §3.3). */
export function codecOf(sps: Bytes): string {
  const names = [...sps.subarray(1, 4)].map((byte) => byte.toString(16).padStart(2, "0"));
  return `avc1.${names.join("").toUpperCase()}`;
}

function isSame(first: Bytes, second: Bytes): boolean {
  return first.length === second.length && first.every((byte, at) => byte === second[at]);
}
