/** What runs on the browser's audio thread: a player, and a recorder. A file of its own, because audio worklets load one. */

import { Ring } from "./ring.js";

/** What the DOM library does not say of this scope. */
declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

/** One piece for the player: as many samples in each channel. */
export interface Piece {
  readonly channels: readonly Float32Array[];
  /** Nothing was left out before it. */
  readonly follows: boolean;
}

/** Samples in one message of the recorder: 20 ms at 48 kHz. */
const RECORDED = 960;

class Player extends AudioWorkletProcessor {
  readonly #ring = new Ring(sampleRate);

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<Piece>) => {
      this.#ring.push(data.channels, data.follows);
    };
  }

  process(_inputs: readonly Float32Array[][], [output]: readonly Float32Array[][]): boolean {
    this.#ring.pull(output ?? []);
    return true;
  }
}

class Recorder extends AudioWorkletProcessor {
  #samples = new Float32Array(RECORDED);
  #length = 0;

  process([input]: readonly Float32Array[][]): boolean {
    const first = input?.[0];
    if (first === undefined) {
      return true;
    }
    for (const sample of first) {
      this.#samples[this.#length] = sample;
      this.#length += 1;
      if (this.#length === RECORDED) {
        this.port.postMessage(this.#samples, [this.#samples.buffer]);
        this.#samples = new Float32Array(RECORDED);
        this.#length = 0;
      }
    }
    return true;
  }
}

registerProcessor("porthole-player", Player);
registerProcessor("porthole-recorder", Recorder);
