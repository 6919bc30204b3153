/** Frames of sound to samples: Opus by the browser's own decoder, PCM by hand. */

import type { SoundCodec, SoundNews } from "../wire/sound.js";
import type { Piece } from "./worklet.js";

/** What all frames have. */
const RATE_HZ = 48_000;
const FRAME_US = 20_000;
/** Frames that may wait in the decoder; more than that means that it does not keep up, and nothing is worth hearing late. */
const BEHIND_MAX = 8;

/** What this browser can be sent. */
export async function bestCodec(): Promise<SoundCodec> {
  if (typeof AudioDecoder === "undefined") {
    return "pcm";
  }
  const config = { codec: "opus", sampleRate: RATE_HZ, numberOfChannels: 2 };
  const { supported } = await AudioDecoder.isConfigSupported(config).catch(() => ({ supported: false }));
  return supported === true ? "opus" : "pcm";
}

export class SoundDecoder {
  readonly #done: (piece: Piece) => void;
  #codec: SoundCodec | null = null;
  #channels = 0;
  #opus: AudioDecoder | null = null;
  #next: number | null = null;
  /** Of the frames that are being decoded, whether each follows the one before. */
  #follows: boolean[] = [];

  constructor(done: (piece: Piece) => void) {
    this.#done = done;
  }

  /** Nothing that comes goes on from what was there before. */
  reset(): void {
    if (this.#opus?.state !== "closed") {
      this.#opus?.close();
    }
    this.#opus = null;
    this.#codec = null;
    this.#next = null;
    this.#follows = [];
  }

  handle(news: SoundNews): void {
    if (news.kind === "format") {
      this.reset();
      // Other rates belong to a later version.
      this.#codec = news.rateHz === RATE_HZ ? news.codec : null;
      this.#channels = news.channels;
    } else if (news.kind === "frame" && this.#codec !== null) {
      const follows = this.#next === news.number;
      this.#next = (news.number + 1) >>> 0;
      if (this.#codec === "pcm") {
        this.#done({ channels: this.#split(news.data), follows });
      } else {
        this.#unpack(news.number, news.data, follows);
      }
    }
  }

  #unpack(number: number, data: Uint8Array<ArrayBuffer>, follows: boolean): void {
    const decoder = this.#opus ?? this.#start();
    if (decoder.decodeQueueSize > BEHIND_MAX) {
      return;
    }
    this.#follows.push(follows);
    decoder.decode(new EncodedAudioChunk({ type: "key", timestamp: number * FRAME_US, duration: FRAME_US, data }));
  }

  #start(): AudioDecoder {
    const decoder = new AudioDecoder({
      output: (sound) => {
        const channels = Array.from({ length: sound.numberOfChannels }, (_, planeIndex) => {
          const samples = new Float32Array(sound.numberOfFrames);
          sound.copyTo(samples, { planeIndex, format: "f32-planar" });
          return samples;
        });
        sound.close();
        if (decoder === this.#opus) {
          this.#done({ channels, follows: this.#follows.shift() ?? false });
        }
      },
      error: () => {
        // A frame that does not decode is a gap; the next one begins with a fresh decoder.
        if (decoder === this.#opus) {
          this.#opus = null;
          this.#follows = [];
        }
      },
    });
    decoder.configure({ codec: "opus", sampleRate: RATE_HZ, numberOfChannels: this.#channels });
    this.#opus = decoder;
    return decoder;
  }

  #split(data: Uint8Array<ArrayBuffer>): readonly Float32Array[] {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const length = Math.floor(data.length / 2 / this.#channels);
    return Array.from({ length: this.#channels }, (_, channel) =>
      Float32Array.from({ length }, (__, at) => view.getInt16(2 * (at * this.#channels + channel), true) / 32_768));
  }
}
