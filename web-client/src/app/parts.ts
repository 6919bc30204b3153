/** What one connection has in the page: the view, what covers it, the controls, the toolbar and the docks, and how they are wired. */

import type { EngineOrder } from "../engine/host.js";
import type { Command } from "../wire/command.js";
import { barListener } from "./bar.js";
import { ClipboardSync } from "./clipboard.js";
import { Controls } from "./controls.js";
import { Cover } from "./cover.js";
import { CursorView } from "./cursor.js";
import { make } from "./dom.js";
import { FilesDock } from "./files.js";
import type { Connection, ConnectionEvents, ConnectOptions, Quality } from "./options.js";
import css from "./screen.css";
import { Question } from "./question.js";
import { SoundDock } from "./sound.js";
import { stringsFor, type Strings } from "./strings.js";
import { TerminalDock } from "./terminal.js";
import { Toasts } from "./toasts.js";
import { Toolbar } from "./toolbar.js";
import { View } from "./view.js";

const HOST_CLASS = "porthole-host";
/** How long a paste waits for its files to be there, in milliseconds. */
const FILES_WAIT_MS = 3000;

/** The connection, as its parts see it. */
export interface Owner {
  readonly connection: Connection;
  /** Aborted when the parts leave the page. */
  readonly signal: AbortSignal;
  mayInput(): boolean;
  /** Input goes nowhere without the permission. */
  send(command: Command): void;
  order(order: EngineOrder): void;
  /** The user wants to try once more. */
  restart(): void;
  emit<K extends keyof ConnectionEvents>(kind: K, detail: ConnectionEvents[K]["detail"]): void;
}

/** The parts of one connection. They know each other and their {@link Owner}, and nothing of the session. */
export class Parts {
  readonly strings: Strings;
  readonly host = make("div", { class: HOST_CLASS });
  readonly view: View;
  readonly cursor: CursorView;
  readonly clipboard: ClipboardSync;
  readonly cover: Cover;
  readonly question: Question;
  readonly toolbar: Toolbar | null;
  readonly controls: Controls | null;
  readonly files: FilesDock;
  readonly sound: SoundDock;
  readonly terminal: TerminalDock;
  readonly toasts = new Toasts();
  readonly #owner: Owner;
  readonly #options: ConnectOptions;

  constructor(owner: Owner, options: ConnectOptions) {
    this.#owner = owner;
    this.#options = options;
    const viewOnly = options.viewOnly ?? false;
    const wanted = options.language === undefined ? [] : [options.language];
    const { language, strings } = stringsFor([...wanted, ...navigator.languages]);
    this.strings = strings;
    this.host.lang = language;
    this.view = new View(options.scale ?? "remote", (wish) => {
      owner.send({ kind: "resize", ...wish });
    }, () => {
      this.cursor.factor = this.view.factor;
    });
    this.cursor = new CursorView(this.view.viewport, options.dot ?? false);
    this.clipboard = this.#makeClipboard();
    this.cover = new Cover(strings, () => {
      owner.restart();
    });
    this.question = new Question(strings, (command) => {
      owner.send(command);
      this.focus(false);
    });
    this.toolbar = options.bare === true ? null : this.#makeToolbar(viewOnly, options.quality ?? "auto");
    this.controls = viewOnly ? null : this.#makeControls();
    this.files = this.#makeFiles(language);
    this.sound = this.#makeSound();
    this.terminal = this.#makeTerminal(language);
  }

  /** Puts them into the page, in place of another connection's. */
  mount(element: HTMLElement): void {
    const root = this.host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];
    this.host.toggleAttribute("data-bare", this.#options.bare === true);
    this.view.viewport.setAttribute("role", "application");
    this.view.viewport.setAttribute("aria-label", this.strings.screen);
    root.append(this.view.viewport, this.cursor.overlay);
    if (this.controls !== null) {
      root.append(this.controls.area);
      this.terminal.watch(this.controls.area, this.#owner.signal);
    }
    root.append(this.cover.element, this.question.element);
    if (this.toolbar !== null) {
      root.append(this.toolbar.element, this.toasts.element);
    }
    element.querySelector(`:scope > .${HOST_CLASS}`)?.remove();
    element.append(this.host);
    this.takeFocus();
  }

  /** Gives the remote the keyboard. */
  focus(typing: boolean): void {
    if (!this.terminal.focus(typing)) {
      this.controls?.focus(typing);
    }
  }

  /** Takes the keyboard, unless the page around us uses it. */
  takeFocus(): void {
    if (document.activeElement === null || document.activeElement === document.body) {
      this.focus(false);
    }
  }

  /** Shows a sentence in passing. */
  toast(text: string): void {
    this.toasts.show(text);
  }

  /** Takes them out of the page. */
  close(): void {
    this.sound.close();
    this.terminal.close();
    this.controls?.close();
    this.view.close();
    this.cover.close();
    this.host.remove();
  }

  #makeClipboard(): ClipboardSync {
    return new ClipboardSync({
      send: (part) => {
        this.#owner.send({ kind: "clipboard", ...part });
      },
      waiting: ({ text }) => {
        this.toolbar?.clipboard(text ?? "", text !== null);
        this.toast(text === null ? this.strings.clipboardWaits : this.strings.clipboardArrived);
      },
      written: () => {
        this.toolbar?.clipboard("", false);
      },
      tooLarge: () => {
        this.toast(this.strings.clipboardTooLarge);
      },
      files: async (files) =>
        Promise.race([
          this.files.paste(files),
          // The keys that paste on the remote wait for this; they do not wait for large files.
          new Promise<void>((settle) => setTimeout(settle, FILES_WAIT_MS)),
        ]),
    });
  }

  #makeFiles(language: string): FilesDock {
    return new FilesDock(() => this.host.shadowRoot, language, {
      send: (record) => {
        this.#owner.send(record);
      },
      closed: () => {
        this.focus(false);
      },
      failed: () => {
        this.toast(this.strings.filesFailed);
      },
    });
  }

  #makeSound(): SoundDock {
    return new SoundDock(this.#options.muted ?? false, {
      send: (record) => {
        this.#owner.send(record);
      },
      changed: (offered, muted, microphone) => {
        this.toolbar?.sound(offered, muted, microphone);
        if (microphone !== this.host.dataset["microphone"]) {
          if (microphone === "wanted" && this.host.dataset["microphone"] !== "on") {
            this.toast(this.strings.microphoneWanted);
          }
          this.host.dataset["microphone"] = microphone;
          this.#owner.emit("microphone", { state: microphone });
        }
      },
      failed: () => {
        this.toast(this.strings.soundFailed);
      },
    });
  }

  #makeTerminal(language: string): TerminalDock {
    return new TerminalDock({
      context: () => {
        const root = this.host.shadowRoot;
        return root === null ? null : {
          root,
          language,
          clipboard: this.clipboard,
          toolbar: this.toolbar,
          mayType: () => this.#owner.mayInput() && this.#options.viewOnly !== true,
          send: (record) => {
            this.#owner.send(record);
          },
          written: (frame, turn, ms) => {
            this.#owner.order({ kind: "written", frame, turn, ms });
          },
          broken: (reason) => {
            this.#owner.order({ kind: "fail", reason });
          },
          sized: (cells) => {
            this.#owner.emit("terminal", cells);
          },
          toast: (text) => {
            this.toast(text);
          },
        };
      },
      shown: (isText) => {
        const hadFocus = this.host.shadowRoot?.activeElement === this.controls?.area;
        this.host.toggleAttribute("data-text", isText);
        this.clipboard.isShared = !isText;
        if (isText && hadFocus) {
          this.focus(false);
        }
      },
      failed: () => {
        this.toast(this.strings.terminalFailed);
      },
    });
  }

  #makeControls(): Controls {
    return new Controls({
      view: this.view,
      cursor: this.cursor,
      clipboard: this.clipboard,
      commandKey: this.#options.commandKey ?? "control",
      send: (command) => {
        this.#owner.send(command);
      },
      menu: () => {
        this.toolbar?.toggle();
      },
      released: () => {
        this.toolbar?.released();
      },
    }, this.strings.screen);
  }

  #makeToolbar(viewOnly: boolean, quality: Quality): Toolbar {
    return new Toolbar(this.strings, viewOnly, this.view.scale, quality, barListener(this.#owner.connection, {
      fold: () => {
        this.toolbar?.toggle(false);
      },
      focus: (typing) => {
        this.focus(typing);
      },
      hold: (keysym) => this.controls?.hold(keysym) ?? false,
      files: () => {
        void this.files.toggle();
      },
    }));
  }
}
