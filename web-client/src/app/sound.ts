/** Brings sound into the page when it may be heard: its code is not part of the start. */

import type { Recorder, SoundPlayer } from "../sound/player.js";
import type { FileRecord } from "../wire/message.js";

/** Bits of Welcome's permissions. */
const MAY_HEAR = 1 << 5;
const MAY_SPEAK = 1 << 7;
/** Bit of Abilities. */
const CAN_BE_HEARD = 1 << 1;
/** The record that says whether the remote records. */
const RECORDING = 0xa2;

/** Whether the remote asks for the viewer's microphone, and gets it. */
export type MicrophoneState = "off" | "wanted" | "on";

export interface SoundListener {
  send(record: FileRecord): void;
  /** What the toolbar shows. */
  changed(offered: boolean, muted: boolean, microphone: MicrophoneState): void;
  failed(error: unknown): void;
}

export class SoundDock {
  readonly #listener: SoundListener;
  #permissions = 0;
  #abilities = 0;
  #muted: boolean;
  #volume = 1;
  #player: SoundPlayer | null = null;
  #loading: Promise<typeof import("../sound/player.js")> | null = null;
  #starting = false;
  #microphone: MicrophoneState = "off";
  #recorder: Recorder | null = null;
  #closed = false;

  constructor(muted: boolean, listener: SoundListener) {
    this.#muted = muted;
    this.#listener = listener;
  }

  get muted(): boolean {
    return this.#muted;
  }

  set muted(muted: boolean) {
    this.#muted = muted;
    this.#tell();
    if (this.#player !== null) {
      this.#player.muted = muted;
    }
    this.gesture();
  }

  get volume(): number {
    return this.#volume;
  }

  set volume(volume: number) {
    this.#volume = Math.max(0, Math.min(1, volume));
    if (this.#player !== null) {
      this.#player.volume = this.#volume;
    }
  }

  get microphone(): MicrophoneState {
    return this.#microphone;
  }

  /** A socket carries the session. */
  renewed(permissions: number): void {
    this.#permissions = permissions;
    this.#player?.renewed();
    // The gateway tells again whether the remote records.
    this.#setMicrophone("off");
    this.#tell();
    this.gesture();
  }

  abilities(bits: number): void {
    this.#abilities = bits;
    this.#tell();
    this.gesture();
  }

  handle(record: FileRecord): void {
    if (record.code === RECORDING) {
      const wanted = record.body[0] === 1 && (this.#permissions & MAY_SPEAK) !== 0;
      this.#setMicrophone(wanted ? "wanted" : "off");
    } else {
      this.#player?.handle(record);
    }
  }

  /** The user may just have done something, without which browsers let nothing be heard. */
  gesture(): void {
    this.#player?.unlock();
    // Where a browser does not tell, it will keep the sound back by itself.
    const isActive = (navigator as { userActivation?: { hasBeenActive: boolean } }).userActivation?.hasBeenActive ?? true;
    if (this.#isOffered() && !this.#muted && isActive && this.#player === null && !this.#starting) {
      this.#starting = true;
      void this.#start().catch((error: unknown) => {
        this.#listener.failed(error);
        this.#muted = true;
        this.#tell();
      }).finally(() => {
        this.#starting = false;
      });
    }
  }

  /** Lets the remote hear the viewer, if it wants to, or no more. */
  async speak(on: boolean): Promise<void> {
    if (!on || this.#microphone !== "wanted") {
      this.#setMicrophone(this.#microphone === "on" && !on ? "wanted" : this.#microphone);
      return;
    }
    try {
      const { Recorder } = await this.#load();
      const recorder = await Recorder.start((record) => {
        this.#listener.send(record);
      }, () => {
        this.#setMicrophone("wanted");
      });
      // While the user was asked, the remote may have changed its mind.
      if (this.#isWanted() && !this.#closed) {
        this.#recorder = recorder;
        this.#setMicrophone("on");
      } else {
        recorder.stop();
      }
    } catch (error) {
      this.#listener.failed(error);
    }
  }

  close(): void {
    this.#closed = true;
    this.#recorder?.stop();
    this.#player?.close();
  }

  #isWanted(): boolean {
    return this.#microphone === "wanted";
  }

  #isOffered(): boolean {
    return (this.#permissions & MAY_HEAR) !== 0 && (this.#abilities & CAN_BE_HEARD) !== 0;
  }

  async #start(): Promise<void> {
    const { SoundPlayer } = await this.#load();
    const player = await SoundPlayer.start((record) => {
      this.#listener.send(record);
    });
    if (this.#closed) {
      player.close();
      return;
    }
    this.#player = player;
    player.volume = this.#volume;
    player.muted = this.#muted;
  }

  async #load(): Promise<typeof import("../sound/player.js")> {
    this.#loading ??= import("../sound/player.js");
    return this.#loading.catch((error: unknown) => {
      this.#loading = null;
      throw error;
    });
  }

  #setMicrophone(state: MicrophoneState): void {
    if (state !== "on") {
      this.#recorder?.stop();
      this.#recorder = null;
    }
    if (state !== this.#microphone) {
      this.#microphone = state;
      this.#tell();
    }
  }

  #tell(): void {
    this.#listener.changed(this.#isOffered(), this.#muted, this.#microphone);
  }
}
