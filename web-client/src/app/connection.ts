/** One connection in one element: brings the engine, the view, the controls and the toolbar together. */

import { adoptEngine, startEngine, type EngineHost } from "../engine/host.js";
import type { Launched } from "../engine/launch.js";
import type { Failure, LinkState, Report, Stats } from "../engine/reports.js";
import { isInput } from "../engine/outgoing.js";
import { KEYSYM } from "../input/keysyms.js";
import type { Command, Resume } from "../wire/command.js";
import { barListener } from "./bar.js";
import { ClipboardSync } from "./clipboard.js";
import { Controls } from "./controls.js";
import { Cover } from "./cover.js";
import { CursorView } from "./cursor.js";
import { make } from "./dom.js";
import { FilesDock } from "./files.js";
import { toggleFullscreen, watchFullscreen } from "./fullscreen.js";
import { toHex } from "./hex.js";
import type { ClipboardContent } from "../wire/clipboard.js";
import type { RemoteScreen } from "../wire/message.js";
import type { Cells } from "../wire/terminal.js";
import type { Connection, ConnectionEvents, ConnectOptions, Quality, SavedSession, Scale } from "./options.js";
import css from "./screen.css";
import { Question } from "./question.js";
import { SoundDock, type MicrophoneState } from "./sound.js";
import { QUALITIES, startOf } from "./start.js";
import { stringsFor, type Strings } from "./strings.js";
import { TerminalDock } from "./terminal.js";
import { Toasts } from "./toasts.js";
import { Toolbar } from "./toolbar.js";
import { View } from "./view.js";

const HOST_CLASS = "porthole-host";
/** How long a paste waits for its files to be there, in milliseconds. */
const FILES_WAIT_MS = 3000;
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
  readonly #strings: Strings;
  readonly #host = make("div", { class: HOST_CLASS });
  readonly #view: View;
  readonly #cursor: CursorView;
  readonly #clipboard: ClipboardSync;
  readonly #cover: Cover;
  readonly #question: Question;
  readonly #toolbar: Toolbar | null;
  readonly #controls: Controls | null;
  readonly #files: FilesDock;
  readonly #sound: SoundDock;
  readonly #terminal: TerminalDock;
  readonly #toasts = new Toasts();
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
    const viewOnly = options.viewOnly ?? false;
    const wanted = options.language === undefined ? [] : [options.language];
    const { language, strings } = stringsFor([...wanted, ...navigator.languages]);
    this.#strings = strings;
    this.#quality = options.quality ?? "auto";
    this.#saved = options.resume ?? null;
    this.#host.lang = language;
    this.#view = new View(options.scale ?? "remote", (wish) => {
      this.#send({ kind: "resize", ...wish });
    }, () => {
      this.#cursor.factor = this.#view.factor;
    });
    this.#cursor = new CursorView(this.#view.viewport, options.dot ?? false);
    this.#clipboard = this.#makeClipboard();
    this.#cover = new Cover(strings, () => {
      this.#start(null);
    });
    this.#question = new Question(strings, (command) => {
      this.#send(command);
      this.#focus(false);
    });
    this.#toolbar = options.bare === true ? null : this.#makeToolbar(viewOnly);
    this.#controls = viewOnly ? null : this.#makeControls();
    this.#files = this.#makeFiles(language);
    this.#sound = this.#makeSound();
    this.#terminal = this.#makeTerminal(language);
    this.#mount();
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
    this.#controls?.chord(keysyms);
  }

  ctrlAltDel(): void {
    this.sendKeys([KEYSYM.control, KEYSYM.alt, KEYSYM.delete]);
  }

  setScale(scale: Scale): void {
    this.#view.scale = scale;
    this.#toolbar?.scale(scale);
  }

  setQuality(quality: Quality): void {
    this.#quality = quality;
    this.#toolbar?.quality(quality);
    this.#send({ kind: "quality", mode: QUALITIES.indexOf(quality) });
  }

  sendClipboard(content: string | Partial<ClipboardContent>): boolean {
    const given = typeof content === "string" ? { text: content } : content;
    return this.#clipboard.offer({ text: null, html: null, png: null, ...given });
  }

  get screens(): readonly RemoteScreen[] {
    return this.#screens;
  }

  showScreen(id: number | null): boolean {
    const screen = this.#screens.find((one) => one.id === id) ?? null;
    this.#shownScreen = screen?.id ?? null;
    this.#view.part = screen;
    this.#toolbar?.screens(this.#screens, this.#shownScreen);
    return screen !== null || id === null;
  }

  get terminal(): Cells | null {
    return this.#terminal.size;
  }

  paste(text: string): boolean {
    return this.#terminal.terminal?.paste(text) ?? false;
  }

  search(text = ""): boolean {
    this.#terminal.terminal?.search(text);
    return this.#terminal.terminal !== null;
  }

  get muted(): boolean {
    return this.#sound.muted;
  }

  set muted(muted: boolean) {
    this.#sound.muted = muted;
  }

  get volume(): number {
    return this.#sound.volume;
  }

  set volume(volume: number) {
    this.#sound.volume = volume;
  }

  get microphone(): MicrophoneState {
    return this.#sound.microphone;
  }

  async speak(on: boolean): Promise<void> {
    return this.#sound.speak(on);
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
      this.#focus(false);
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
    this.#sound.close();
    this.#terminal.close();
    this.#stopEngine();
    this.#controls?.close();
    this.#view.close();
    this.#cover.close();
    this.#host.remove();
  }

  #mount(): void {
    const root = this.#host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];
    this.#host.toggleAttribute("data-bare", this.#options.bare === true);
    this.#view.viewport.setAttribute("role", "application");
    this.#view.viewport.setAttribute("aria-label", this.#strings.screen);
    root.append(this.#view.viewport, this.#cursor.overlay);
    if (this.#controls !== null) {
      root.append(this.#controls.area);
      this.#terminal.watch(this.#controls.area, this.#abort.signal);
    }
    root.append(this.#cover.element, this.#question.element);
    if (this.#toolbar !== null) {
      root.append(this.#toolbar.element, this.#toasts.element);
    }
    this.#element.querySelector(`:scope > .${HOST_CLASS}`)?.remove();
    this.#element.append(this.#host);
    this.#takeFocus();
  }

  /** Gives the remote the keyboard. */
  #focus(typing: boolean): void {
    if (!this.#terminal.focus(typing)) {
      this.#controls?.focus(typing);
    }
  }

  /** Takes the keyboard, unless the page around us uses it. */
  #takeFocus(): void {
    if (document.activeElement === null || document.activeElement === document.body) {
      this.#focus(false);
    }
  }

  #listen(): void {
    const options = { signal: this.#abort.signal };
    for (const kind of ["pointerup", "keydown"]) {
      document.addEventListener(kind, () => {
        this.#sound.gesture();
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
    this.#view.viewport.addEventListener("pointerdown", () => {
      if (this.#toolbar?.open === true) {
        this.#toolbar.toggle(false);
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
    const start = launched?.start ?? startOf({ ...this.#options, quality: this.#quality }, this.#view.wish(), this.#saved);
    this.#view.wishSent(start.wish);
    this.#setState("connecting", null);
    if (start.token === "") {
      this.#setState("failed", { category: 1, cause: "token_missing", message: "" });
      return;
    }
    const newCanvas = (): HTMLCanvasElement => this.#view.newCanvas();
    const report = (said: Report): void => {
      this.#handle(said);
    };
    if (launched === null) {
      this.#engine = startEngine(start, this.#options.workerUrl, newCanvas, report);
      return;
    }
    this.#view.newCanvas(launched.canvas);
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
        this.#terminal.renewed(report.features);
        break;
      case "size":
        this.#view.resize(report.width, report.height);
        this.#controls?.sized();
        break;
      case "cursor":
        this.#cursor.show(report.cursor);
        break;
      case "clipboard":
        if (this.#clipboard.mayTake) {
          this.#emit("clipboard", report.content);
          this.#clipboard.receive(report.content);
        }
        break;
      case "title":
        this.#emit("title", { title: report.text });
        break;
      case "bell":
        this.#terminal.terminal?.bell();
        this.#emit("bell", null);
        break;
      case "leds":
        this.#controls?.setLeds(report.bits);
        break;
      case "phase":
        this.#showPhase(report.phase, report.text);
        break;
      case "notice":
        this.#emit("notice", { text: report.text });
        this.#toast(report.text);
        break;
      case "abilities":
        this.#able(report.bits);
        break;
      case "file":
        (report.code < 0xa0 ? this.#files : report.code < 0xb0 ? this.#sound : this.#terminal).handle(report);
        break;
      case "frameEnd":
        this.#terminal.handle(report);
        break;
      case "prompt":
        this.#question.show(report.fields, report.reason);
        break;
      case "questions":
        this.#question.ask(report);
        break;
      case "screens":
        this.#screens = report.screens;
        // One that is gone is not shown alone any more.
        this.showScreen(this.#shownScreen);
        this.#emit("screens", { screens: report.screens });
        break;
      case "latency":
        this.#emit("latency", { latencyMs: report.latencyMs });
        this.#toolbar?.latency(report.latencyMs);
        break;
      case "stats":
        this.#statsWaiting.shift()?.done(report.stats);
        break;
    }
  }

  #able(bits: number): void {
    const hasFiles = this.#mayFiles && (bits & HAS_FILES) !== 0;
    this.#view.resizable = (bits & CAN_RESIZE) !== 0;
    this.#toolbar?.files(hasFiles);
    this.#sound.abilities(bits);
    this.#controls?.setTouch((bits & TAKES_TOUCH) !== 0);
    this.#clipboard.takesFiles = hasFiles;
  }

  #welcome(permissions: number, resume: Resume, kept: boolean): void {
    this.#clipboard.permissions = permissions;
    this.#mayInput = (permissions & MAY_INPUT) !== 0;
    this.#mayFiles = (permissions & MAY_FILES) !== 0;
    this.#files.renewed(permissions);
    this.#sound.renewed(permissions);
    this.#saved = { session: toHex(resume.session), secret: toHex(resume.secret) };
    this.#controls?.renew(kept);
    this.#emit("session", this.#saved);
  }

  #showPhase(phase: number, text: string): void {
    if (phase === 1) {
      const words = text === "" ? this.#strings.connectingRemote : text;
      // The remote is dialled again under a picture that stays.
      if (this.#state === "connected") {
        this.#toast(words);
      } else {
        this.#cover.note(words);
      }
    } else if (phase === 3) {
      this.#toast(text === "" ? this.#strings.remoteGone : text);
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
    this.#cover.show(state, failure);
    if (state !== "connecting") {
      this.#question.show(0, "");
    }
    this.#toolbar?.state(state);
    if (state === "connected") {
      this.#takeFocus();
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

  /** Input goes nowhere without the permission; the gateway would refuse it. */
  #send(command: Command): void {
    if (isInput(command) && !this.#mayInput) {
      return;
    }
    this.#engine?.order({ kind: "send", command });
  }

  #makeClipboard(): ClipboardSync {
    return new ClipboardSync({
      send: (part) => {
        this.#send({ kind: "clipboard", ...part });
      },
      waiting: ({ text }) => {
        this.#toolbar?.clipboard(text ?? "", text !== null);
        this.#toast(text === null ? this.#strings.clipboardWaits : this.#strings.clipboardArrived);
      },
      written: () => {
        this.#toolbar?.clipboard("", false);
      },
      tooLarge: () => {
        this.#toast(this.#strings.clipboardTooLarge);
      },
      files: async (files) =>
        Promise.race([
          this.#files.paste(files),
          // The keys that paste on the remote wait for this; they do not wait for large files.
          new Promise<void>((settle) => setTimeout(settle, FILES_WAIT_MS)),
        ]),
    });
  }

  #makeFiles(language: string): FilesDock {
    return new FilesDock(() => this.#host.shadowRoot, language, {
      send: (record) => {
        this.#send(record);
      },
      closed: () => {
        this.#focus(false);
      },
      failed: () => {
        this.#toast(this.#strings.filesFailed);
      },
    });
  }

  #makeSound(): SoundDock {
    return new SoundDock(this.#options.muted ?? false, {
      send: (record) => {
        this.#send(record);
      },
      changed: (offered, muted, microphone) => {
        this.#toolbar?.sound(offered, muted, microphone);
        if (microphone !== this.#host.dataset["microphone"]) {
          if (microphone === "wanted" && this.#host.dataset["microphone"] !== "on") {
            this.#toast(this.#strings.microphoneWanted);
          }
          this.#host.dataset["microphone"] = microphone;
          this.#emit("microphone", { state: microphone });
        }
      },
      failed: () => {
        this.#toast(this.#strings.soundFailed);
      },
    });
  }

  #makeTerminal(language: string): TerminalDock {
    return new TerminalDock({
      context: () => {
        const root = this.#host.shadowRoot;
        return root === null ? null : {
          root,
          language,
          clipboard: this.#clipboard,
          toolbar: this.#toolbar,
          mayType: () => this.#mayInput && this.#options.viewOnly !== true,
          send: (record) => {
            this.#send(record);
          },
          written: (frame, turn, ms) => {
            this.#engine?.order({ kind: "written", frame, turn, ms });
          },
          broken: (reason) => {
            this.#engine?.order({ kind: "fail", reason });
          },
          sized: (cells) => {
            this.#emit("terminal", cells);
          },
          toast: (text) => {
            this.#toast(text);
          },
        };
      },
      shown: (isText) => {
        const hadFocus = this.#host.shadowRoot?.activeElement === this.#controls?.area;
        this.#host.toggleAttribute("data-text", isText);
        this.#clipboard.isShared = !isText;
        if (isText && hadFocus) {
          this.#focus(false);
        }
      },
      failed: () => {
        this.#toast(this.#strings.terminalFailed);
      },
    });
  }

  #makeControls(): Controls {
    return new Controls({
      view: this.#view,
      cursor: this.#cursor,
      clipboard: this.#clipboard,
      commandKey: this.#options.commandKey ?? "control",
      send: (command) => {
        this.#send(command);
      },
      menu: () => {
        this.#toolbar?.toggle();
      },
      released: () => {
        this.#toolbar?.released();
      },
    }, this.#strings.screen);
  }

  #makeToolbar(viewOnly: boolean): Toolbar {
    return new Toolbar(this.#strings, viewOnly, this.#view.scale, this.#quality, barListener(this, {
      fold: () => {
        this.#toolbar?.toggle(false);
      },
      focus: (typing) => {
        this.#focus(typing);
      },
      hold: (keysym) => this.#controls?.hold(keysym) ?? false,
      files: () => {
        void this.#files.toggle();
      },
    }));
  }

  #toast(text: string): void {
    this.#toasts.show(text);
  }

  #emit<K extends keyof ConnectionEvents>(kind: K, detail: ConnectionEvents[K]["detail"]): void {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}
