/** The viewer's microphone, from a press of a button until it is switched off. */

import { encodeSaid } from "../wire/sound.js";
import type { FileRecord } from "../wire/message.js";
import { newContext } from "./context.js";

export class Recorder {
  readonly #stream: MediaStream;
  readonly #context: AudioContext;

  private constructor(stream: MediaStream, context: AudioContext) {
    this.#stream = stream;
    this.#context = context;
  }

  /**
   * Asks the user for a microphone and sends what it hears until {@link stop}. `ended` is called when the microphone is gone.
   *
   * @throws {DOMException} if there is none, or the user or the page's policy does not allow it.
   */
  static async start(send: (record: FileRecord) => void, ended: () => void): Promise<Recorder> {
    const wanted = { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: wanted });
    let context: AudioContext;
    try {
      context = await newContext();
    } catch (error) {
      stopTracks(stream);
      throw error;
    }
    const recorder = new AudioWorkletNode(context, "porthole-recorder", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
    recorder.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
      send(encodeSaid(context.sampleRate, toSamples(data)));
    };
    new MediaStreamAudioSourceNode(context, { mediaStream: stream }).connect(recorder);
    stream.getTracks().forEach((track) => {
      track.onended = ended;
    });
    void context.resume();
    return new Recorder(stream, context);
  }

  stop(): void {
    stopTracks(this.#stream);
    void this.#context.close();
  }
}

function stopTracks(stream: MediaStream): void {
  stream.getTracks().forEach((track) => {
    track.onended = null;
    track.stop();
  });
}

/** Samples from -1 to 1 in 16 bits. */
function toSamples(sound: Float32Array): Int16Array {
  return Int16Array.from(sound, (sample) => Math.round(Math.max(-1, Math.min(32_767 / 32_768, sample)) * 32_768));
}
