/** Plays what the remote sends: decodes it and hands it to the audio thread. */

import { decodeSoundNews, encodeListen, type SoundCodec } from "../wire/sound.js";
import type { FileRecord } from "../wire/message.js";
import { bestCodec, SoundDecoder } from "./decoder.js";
import { Recorder } from "./recorder.js";
import { newContext } from "./context.js";

export { Recorder };

export class SoundPlayer {
  readonly #send: (record: FileRecord) => void;
  readonly #context: AudioContext;
  readonly #gain: GainNode;
  readonly #player: AudioWorkletNode;
  readonly #codec: SoundCodec;
  readonly #decoder = new SoundDecoder((piece) => {
    this.#player.port.postMessage(piece, piece.channels.map(({ buffer }) => buffer));
  });
  #muted = true;

  private constructor(context: AudioContext, codec: SoundCodec, send: (record: FileRecord) => void) {
    this.#context = context;
    this.#codec = codec;
    this.#send = send;
    this.#player = new AudioWorkletNode(context, "porthole-player", { numberOfInputs: 0, outputChannelCount: [2] });
    this.#gain = new GainNode(context);
    this.#player.connect(this.#gain).connect(context.destination);
  }

  /** Gets everything ready; nothing is heard before {@link muted} is set to false. */
  static async start(send: (record: FileRecord) => void): Promise<SoundPlayer> {
    const [context, codec] = await Promise.all([newContext(), bestCodec()]);
    return new SoundPlayer(context, codec, send);
  }

  get muted(): boolean {
    return this.#muted;
  }

  set muted(muted: boolean) {
    if (muted !== this.#muted) {
      this.#muted = muted;
      this.renewed();
      void (muted ? this.#context.suspend() : this.#context.resume());
    }
  }

  /** From 0 to 1. */
  set volume(volume: number) {
    this.#gain.gain.value = volume;
  }

  /** The user does something here: browsers let sound be heard only after that. */
  unlock(): void {
    if (!this.#muted && this.#context.state !== "running") {
      void this.#context.resume();
    }
  }

  /** Another socket carries the session, which knows nothing of what the one before was told. */
  renewed(): void {
    this.#decoder.reset();
    this.#send(encodeListen(this.#muted ? null : this.#codec));
  }

  handle(record: FileRecord): void {
    const news = decodeSoundNews(record);
    // Without a user's gesture the audio thread stands still, and would play what is old by then.
    if (news !== null && this.#context.state === "running") {
      this.#decoder.handle(news);
    } else if (news?.kind === "format") {
      this.#decoder.handle(news);
    }
  }

  close(): void {
    this.#decoder.reset();
    void this.#context.close();
  }
}
