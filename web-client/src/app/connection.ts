/** One connection in one element: the state of its session, what the engine reports of it, and what a page may ask of it. */

import { adoptEngine, startEngine, type EngineHost } from "../engine/host.js";
import type { Launched } from "../engine/launch.js";
import type { Failure, LinkState, Report, Stats } from "../engine/reports.js";
import { isInput } from "../engine/outgoing.js";
import { KEYSYM } from "../input/keysyms.js";
import type { Command, Resume } from "../wire/command.js";
import { toggleFullscreen, watchFullscreen } from "./fullscreen.js";
import { toHex } from "./hex.js";
import type { ClipboardContent } from "../wire/clipboard.js";
import type { RemoteScreen } from "../wire/message.js";
import type { Cells } from "../wire/terminal.js";
import type { Connection, ConnectionEvents, ConnectOptions, Quality, SavedSession, Scale } from "./options.js";
import { Parts, type Owner } from "./parts.js";
import type { MicrophoneState } from "./sound.js";
import { QUALITIES, startOf } from "./start.js";

/** Bit of Welcome's permissions. */
const MAY_INPUT = 1;
/** Of these, those that let files be written or read. */
const MAY_FILES = (1 << 3) | (1 << 4);
/** Bits of Abilities. */
const CAN_RESIZE = 1;
const TAKES_TOUCH = 1 << 2;
const HAS_FILES = 1 << 8;

/** The implementation behind {@link Connection}. */
export class ScreenConnection extends EventTarget implements Connection {
  readonly #element: HTMLElement;
  readonly #options: ConnectOptions;
  readonly #parts: Parts;
  readonly #abort = new AbortController();
  #engine: EngineHost | null = null;
  #state: LinkState = "connecting";
  #quality: Quality;
  #saved: SavedSession | null;
  #mayInput = false;
  #screens: readonly RemoteScreen[] = [];
  /** The screen that is shown alone. */
  #shownScreen: number | null = null;
  #mayFiles = false;
  /** Who waits for the engine's counters, in the order of asking. */
  readonly #statsWaiting: { readonly done: (stats: Stats) => void; readonly fail: (error: Error) => void }[] = [];

  /** `launched` is an engine that has begun with these options before this was there. */
  constructor(element: HTMLElement, options: ConnectOptions, launched: Launched | null) {
    super();
    this.#element = element;
    this.#options = options;
    this.#quality = options.quality ?? "auto";
    this.#saved = options.resume ?? null;
    this.#parts = new Parts(this.#owner(), options);
    this.#parts.mount(element);
    this.#listen();
    this.#start(launched);
  }

  get state(): LinkState {
    return this.#state;
  }

  disconnect(): void {
    this.#engine?.order({ kind: "stop" });
  }

  sendKeys(keysyms: readonly number[]): void {
    this.#parts.controls?.chord(keysyms);
  }

  ctrlAltDel(): void {
    this.sendKeys([KEYSYM.control, KEYSYM.alt, KEYSYM.delete]);
  }

  setScale(scale: Scale): void {
    this.#parts.view.scale = scale;
    this.#parts.toolbar?.scale(scale);
  }

  setQuality(quality: Quality): void {
    this.#quality = quality;
    this.#parts.toolbar?.quality(quality);
    this.#send({ kind: "quality", mode: QUALITIES.indexOf(quality) });
  }

  sendClipboard(content: string | Partial<ClipboardContent>): boolean {
    const given = typeof content === "string" ? { text: content } : content;
    return this.#parts.clipboard.offer({ text: null, html: null, png: null, ...given });
  }

  get screens(): readonly RemoteScreen[] {
    return this.#screens;
  }

  showScreen(id: number | null): boolean {
    const screen = this.#screens.find((one) => one.id === id) ?? null;
    this.#shownScreen = screen?.id ?? null;
    this.#parts.view.part = screen;
    this.#parts.toolbar?.screens(this.#screens, this.#shownScreen);
    return screen !== null || id === null;
  }

  get terminal(): Cells | null {
    return this.#parts.terminal.size;
  }

  paste(text: string): boolean {
    return this.#parts.terminal.terminal?.paste(text) ?? false;
  }

  search(text = ""): boolean {
    this.#parts.terminal.terminal?.search(text);
    return this.#parts.terminal.terminal !== null;
  }

  get muted(): boolean {
    return this.#parts.sound.muted;
  }

  set muted(muted: boolean) {
    this.#parts.sound.muted = muted;
  }

  get volume(): number {
    return this.#parts.sound.volume;
  }

  set volume(volume: number) {
    this.#parts.sound.volume = volume;
  }

  get microphone(): MicrophoneState {
    return this.#parts.sound.microphone;
  }

  async speak(on: boolean): Promise<void> {
    return this.#parts.sound.speak(on);
  }

  async stats(): Promise<Stats> {
    const engine = this.#engine;
    if (engine === null) {
      throw new Error("there is no connection");
    }
    return new Promise((done, fail) => {
      this.#statsWaiting.push({ done, fail });
      engine.order({ kind: "stats" });
    });
  }

  async requestFullscreen(): Promise<void> {
    if (await toggleFullscreen(this.#element)) {
      this.#parts.focus(false);
    }
  }

  override addEventListener<K extends keyof ConnectionEvents>(
    kind: K,
    listener: (event: ConnectionEvents[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(
    kind: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(kind: string, listener: unknown, options?: boolean | AddEventListenerOptions): void {
    // The signatures above are all that callers see, and each of them is one that the base class takes.
    super.addEventListener(kind, listener as EventListener | null, options);
  }

  /** Takes everything out of the page. @internal */
  remove(): void {
    this.#abort.abort();
    this.#stopEngine();
    this.#parts.close();
  }

  #listen(): void {
    const options = { signal: this.#abort.signal };
    for (const kind of ["pointerup", "keydown"]) {
      document.addEventListener(kind, () => {
        this.#parts.sound.gesture();
      }, { ...options, capture: true, passive: true });
    }
    document.addEventListener("visibilitychange", () => {
      this.#engine?.order({ kind: "visible", visible: !document.hidden });
      if (!document.hidden) {
        this.#engine?.order({ kind: "wake" });
      }
    }, options);
    window.addEventListener("online", () => {
      this.#engine?.order({ kind: "wake" });
    }, options);
    watchFullscreen(this.#abort.signal);
    this.#parts.view.viewport.addEventListener("pointerdown", () => {
      if (this.#parts.toolbar?.open === true) {
        this.#parts.toolbar.toggle(false);
      }
    }, options);
  }

  /** Ends the engine. Those who wait for its counters learn that there are none. */
  #stopEngine(): void {
    this.#engine?.terminate();
    this.#engine = null;
    for (const { fail } of this.#statsWaiting.splice(0)) {
      fail(new Error("the connection has ended"));
    }
  }

  #start(launched: Launched | null): void {
    this.#stopEngine();
    const start = launched?.start ?? startOf({ ...this.#options, quality: this.#quality }, this.#parts.view.wish(), this.#saved);
    this.#parts.view.wishSent(start.wish);
    this.#setState("connecting", null);
    if (start.token === "") {
      this.#setState("failed", { category: 1, cause: "token_missing", message: "" });
      return;
    }
    const newCanvas = (): HTMLCanvasElement => this.#parts.view.newCanvas();
    const report = (said: Report): void => {
      this.#handle(said);
    };
    if (launched === null) {
      this.#engine = startEngine(start, this.#options.workerUrl, newCanvas, report);
      return;
    }
    this.#parts.view.newCanvas(launched.canvas);
    this.#engine = adoptEngine(launched, newCanvas, report);
    if (start.visible === document.hidden) {
      this.#engine.order({ kind: "visible", visible: !document.hidden });
    }
  }

  #handle(report: Report): void {
    switch (report.kind) {
      case "ready":
        break;
      case "state":
        this.#setState(report.state, report.failure);
        break;
      case "session":
        this.#welcome(report.permissions, report.resume, report.kept);
        this.#parts.terminal.renewed(report.features);
        break;
      case "size":
        this.#parts.view.resize(report.width, report.height);
        this.#parts.controls?.sized();
        break;
      case "cursor":
        this.#parts.cursor.show(report.cursor);
        break;
      case "clipboard":
        if (this.#parts.clipboard.mayTake) {
          this.#emit("clipboard", report.content);
          this.#parts.clipboard.receive(report.content);
        }
        break;
      case "title":
        this.#emit("title", { title: report.text });
        break;
      case "bell":
        this.#parts.terminal.terminal?.bell();
        this.#emit("bell", null);
        break;
      case "leds":
        this.#parts.controls?.setLeds(report.bits);
        break;
      case "phase":
        this.#showPhase(report.phase, report.text);
        break;
      case "notice":
        this.#emit("notice", { text: report.text });
        this.#parts.toast(report.text);
        break;
      case "abilities":
        this.#able(report.bits);
        break;
      case "file":
        (report.code < 0xa0 ? this.#parts.files : report.code < 0xb0 ? this.#parts.sound : this.#parts.terminal).handle(report);
        break;
      case "frameEnd":
        this.#parts.terminal.handle(report);
        break;
      case "prompt":
        this.#parts.question.show(report.fields, report.reason);
        break;
      case "questions":
        this.#parts.question.ask(report);
        break;
      case "screens":
        this.#screens = report.screens;
        // One that is gone is not shown alone any more.
        this.showScreen(this.#shownScreen);
        this.#emit("screens", { screens: report.screens });
        break;
      case "latency":
        this.#emit("latency", { latencyMs: report.latencyMs });
        this.#parts.toolbar?.latency(report.latencyMs);
        break;
      case "stats":
        this.#statsWaiting.shift()?.done(report.stats);
        break;
    }
  }

  #able(bits: number): void {
    const hasFiles = this.#mayFiles && (bits & HAS_FILES) !== 0;
    this.#parts.view.resizable = (bits & CAN_RESIZE) !== 0;
    this.#parts.toolbar?.files(hasFiles);
    this.#parts.sound.abilities(bits);
    this.#parts.controls?.setTouch((bits & TAKES_TOUCH) !== 0);
    this.#parts.clipboard.takesFiles = hasFiles;
  }

  #welcome(permissions: number, resume: Resume, kept: boolean): void {
    this.#parts.clipboard.permissions = permissions;
    this.#mayInput = (permissions & MAY_INPUT) !== 0;
    this.#mayFiles = (permissions & MAY_FILES) !== 0;
    this.#parts.files.renewed(permissions);
    this.#parts.sound.renewed(permissions);
    this.#saved = { session: toHex(resume.session), secret: toHex(resume.secret) };
    this.#parts.controls?.renew(kept);
    this.#emit("session", this.#saved);
  }

  #showPhase(phase: number, text: string): void {
    if (phase === 1) {
      const words = text === "" ? this.#parts.strings.connectingRemote : text;
      // The remote is dialled again under a picture that stays.
      if (this.#state === "connected") {
        this.#parts.toast(words);
      } else {
        this.#parts.cover.note(words);
      }
    } else if (phase === 3) {
      this.#parts.toast(text === "" ? this.#parts.strings.remoteGone : text);
    }
  }

  #setState(state: LinkState, failure: Failure | null): void {
    this.#state = state;
    this.#element.dataset["state"] = state;
    if (failure === null || state === "connected") {
      delete this.#element.dataset["cause"];
    } else {
      this.#element.dataset["cause"] = failure.cause;
    }
    this.#parts.cover.show(state, failure);
    if (state !== "connecting") {
      this.#parts.question.show(0, "");
    }
    this.#parts.toolbar?.state(state);
    if (state === "connected") {
      this.#parts.takeFocus();
    }
    if (state === "closed" || (state === "failed" && failure?.category !== 0)) {
      this.#saved = null;
      this.#emit("session", null);
    }
    this.#options.onstate?.(state, failure);
    this.#emit("state", { state, failure });
    if (state === "failed" && failure !== null) {
      this.#emit("error", failure);
    }
  }

  /** What the parts may ask of the connection. */
  #owner(): Owner {
    return {
      connection: this,
      signal: this.#abort.signal,
      mayInput: () => this.#mayInput,
      send: (command) => {
        this.#send(command);
      },
      order: (order) => {
        this.#engine?.order(order);
      },
      restart: () => {
        this.#start(null);
      },
      emit: (kind, detail) => {
        this.#emit(kind, detail);
      },
    };
  }

  /** Input goes nowhere without the permission; the gateway would refuse it. */
  #send(command: Command): void {
    if (isInput(command) && !this.#mayInput) {
      return;
    }
    this.#engine?.order({ kind: "send", command });
  }

  #emit<K extends keyof ConnectionEvents>(kind: K, detail: ConnectionEvents[K]["detail"]): void {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}
