/** The bar at the top edge: small, hidden until wanted, and all of it reachable by keyboard. */

import type { LinkState } from "../engine/reports.js";
import { KEYSYM } from "../input/keysyms.js";
import { icon, make, type IconName } from "./dom.js";
import type { RemoteScreen } from "../wire/message.js";
import type { MicrophoneState } from "./sound.js";
import type { Strings } from "./strings.js";
import type { Scale } from "./view.js";

/** How the gateway trades exactness for bytes. */
export type Quality = "auto" | "exact" | "sparing";

/** What the toolbar asks for. */
export interface ToolbarListener {
  fullScreen(): void;
  phoneKeyboard(): void;
  chord(keysyms: readonly number[]): void;
  /** Holds a modifier down or lets it go; returns whether it is down now. */
  hold(keysym: number): boolean;
  scale(scale: Scale): void;
  quality(quality: Quality): void;
  /** Shows one screen alone, or all of them. */
  screen(id: number | null): void;
  copy(text: string): void;
  sendClipboard(text: string): void;
  files(): void;
  mute(): void;
  /** From 0 to 1. */
  volume(volume: number): void;
  /** Switches the microphone. */
  speak(): void;
  leave(): void;
  /** The user is done here: the keyboard belongs to the remote again. */
  closed(): void;
}

const { control, alt, shift, meta, tab, escape, print, f1 } = KEYSYM;
const CHORDS: readonly (readonly [label: string, keysyms: readonly number[]])[] = [
  ["Ctrl+Alt+Del", [control, alt, KEYSYM.delete]],
  ["Alt+Tab", [alt, tab]],
  ["Alt+F4", [alt, f1 + 3]],
  ["Super", [meta]],
  ["Esc", [escape]],
  ["Tab", [tab]],
  ["Ctrl+Esc", [control, escape]],
  ["Ctrl+Shift+Esc", [control, shift, escape]],
  ["PrtSc", [print]],
];
const FUNCTIONS = Array.from({ length: 12 }, (_, at) => [`F${at + 1}`, [f1 + at]] as const);
const HOLDS: readonly (readonly [label: string, keysym: number])[] = [
  ["Ctrl", control],
  ["Alt", alt],
  ["Shift", shift],
  ["Super", meta],
];

/** Owns the toolbar element and its panels. */
export class Toolbar {
  readonly element: HTMLElement;
  readonly #strings: Strings;
  readonly #listener: ToolbarListener;
  readonly #handle: HTMLButtonElement;
  readonly #bar = make("div", { class: "bar", role: "toolbar", hidden: "" });
  readonly #status = make("span", { class: "status", role: "status" });
  readonly #dot = make("span", { class: "dot" });
  readonly #latency = make("span", { class: "latency" });
  readonly #clipboardText: HTMLTextAreaElement;
  readonly #clipboardButton: HTMLButtonElement;
  readonly #screens = make("div", {});
  readonly #filesButton: HTMLButtonElement;
  readonly #soundButton: HTMLButtonElement;
  readonly #microphoneButton: HTMLButtonElement;
  readonly #volume = make("input", { type: "range", min: "0", max: "1", step: "0.05", value: "1" });
  readonly #panels: (readonly [HTMLButtonElement, HTMLElement])[] = [];

  constructor(strings: Strings, viewOnly: boolean, scale: Scale, quality: Quality, listener: ToolbarListener) {
    this.#strings = strings;
    this.#listener = listener;
    this.#bar.setAttribute("aria-label", strings.toolbar);
    this.#handle = make("button", { type: "button", class: "handle", "aria-expanded": "false" }, [icon("handle")]);
    label(this.#handle, strings.showToolbar);
    this.#handle.addEventListener("click", () => {
      this.toggle();
    });
    this.#clipboardText = make("textarea", { rows: "6", spellcheck: "false", "aria-label": strings.clipboardText });
    this.#status.append(this.#dot, this.#latency);
    this.#bar.append(this.#status);
    this.element = make("div", { class: "toolbar", part: "toolbar" }, [this.#bar, this.#handle]);
    this.#button("expand", strings.fullScreen, () => {
      listener.fullScreen();
    });
    if (!viewOnly) {
      this.#button("keyboard", strings.keyboard, () => {
        listener.phoneKeyboard();
      });
      this.#panel("keys", strings.keys, this.#keysPanel());
    }
    this.#clipboardButton = this.#panel("clipboard", strings.clipboard, this.#clipboardPanel(viewOnly));
    this.#panel("display", strings.display, this.#displayPanel(scale, quality));
    this.#filesButton = this.#button("files", strings.files, () => {
      listener.files();
    });
    this.#filesButton.hidden = true;
    this.#soundButton = this.#button("sound", strings.sound, () => {
      listener.mute();
    });
    this.#microphoneButton = this.#button("microphone", strings.microphone, () => {
      listener.speak();
    });
    this.sound(false, true, "off");
    this.#button("leave", strings.leave, () => {
      listener.leave();
    });
    this.element.addEventListener("keydown", (event) => {
      this.#navigate(event);
    });
  }

  /** Opens or closes the bar. */
  toggle(open = this.#bar.hidden): void {
    this.#bar.hidden = !open;
    this.#handle.setAttribute("aria-expanded", String(open));
    if (open) {
      this.#bar.querySelector("button")?.focus();
    } else {
      this.#openPanel(null);
      this.#listener.closed();
    }
  }

  get open(): boolean {
    return !this.#bar.hidden;
  }

  state(state: LinkState): void {
    this.#dot.dataset["state"] = state;
    const text = state === "connected" ? this.#strings.connected : this.#strings.reconnecting;
    this.#status.title = text;
    this.#dot.setAttribute("aria-label", text);
    this.element.hidden = state === "closed" || state === "failed";
  }

  latency(latencyMs: number): void {
    this.#latency.textContent = `${Math.round(latencyMs)} ms`;
  }

  /** The remote's text; `waiting` marks the button because it could not be copied by itself. */
  clipboard(text: string, waiting: boolean): void {
    this.#clipboardText.value = text;
    this.#clipboardButton.classList.toggle("news", waiting);
    this.#handle.classList.toggle("news", waiting);
  }

  /** The remote is text: what is about pictures goes, and a panel of the terminal's own comes. */
  adopt(drawing: SVGSVGElement, text: string, panel: HTMLElement): void {
    this.element.toggleAttribute("data-text", true);
    const button = this.#panel("display", text, panel);
    button.replaceChildren(drawing);
    button.className = "terminal";
    panel.id = "panel-terminal";
    button.setAttribute("aria-controls", panel.id);
    this.#clipboardButton.after(button);
  }

  /** Whether there are files. */
  files(offered: boolean): void {
    this.#filesButton.hidden = !offered;
  }

  /** Whether the remote can be heard, and is; and what it has of the microphone. */
  sound(offered: boolean, muted: boolean, microphone: MicrophoneState): void {
    this.#soundButton.hidden = !offered;
    this.#soundButton.setAttribute("aria-pressed", String(offered && !muted));
    this.#volume.parentElement?.toggleAttribute("hidden", !offered);
    this.#microphoneButton.hidden = microphone === "off";
    this.#microphoneButton.setAttribute("aria-pressed", String(microphone === "on"));
    for (const button of [this.#microphoneButton, this.#handle]) {
      button.classList.toggle("recording", microphone === "on");
    }
  }

  scale(scale: Scale): void {
    this.#check("scale", scale);
  }

  quality(quality: Quality): void {
    this.#check("quality", quality);
  }

  /** The remote's screens, and which of them is shown alone. One screen is no choice. */
  screens(screens: readonly RemoteScreen[], shown: number | null): void {
    const places = screens.map(({ id, width, height }, at) => [String(id), `${at + 1}: ${width} × ${height}`] as const);
    const all = ["", this.#strings.allScreens] as const;
    const group = choice("screen", this.#strings.screens, shown === null ? "" : String(shown), [all, ...places], (value) => {
      this.#listener.screen(value === "" ? null : Number(value));
    });
    this.#screens.replaceChildren(...(screens.length > 1 ? [group] : []));
  }

  #check(name: string, value: string): void {
    const input = this.#bar.querySelector<HTMLInputElement>(`input[name="${name}"][value="${value}"]`);
    if (input !== null) {
      input.checked = true;
    }
  }

  #button(name: IconName, text: string, act: () => void): HTMLButtonElement {
    const button = make("button", { type: "button", class: name }, [icon(name)]);
    label(button, text);
    button.addEventListener("click", act);
    this.#bar.append(button);
    return button;
  }

  #panel(name: IconName, text: string, panel: HTMLElement): HTMLButtonElement {
    const button = this.#button(name, text, () => {
      this.#openPanel(panel.hidden ? panel : null);
    });
    panel.id = `panel-${name}`;
    panel.hidden = true;
    panel.classList.add("panel");
    panel.setAttribute("role", "group");
    panel.setAttribute("aria-label", text);
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-controls", panel.id);
    this.#panels.push([button, panel]);
    this.element.append(panel);
    return button;
  }

  #openPanel(open: HTMLElement | null): void {
    for (const [button, panel] of this.#panels) {
      panel.hidden = panel !== open;
      button.setAttribute("aria-expanded", String(panel === open));
    }
  }

  #keysPanel(): HTMLElement {
    const chordButton = ([text, keysyms]: (typeof CHORDS)[number]): HTMLButtonElement => {
      const button = make("button", { type: "button" }, text);
      button.addEventListener("click", () => {
        this.#listener.chord(keysyms);
      });
      return button;
    };
    const holds = HOLDS.map(([text, keysym]) => {
      const button = make("button", { type: "button", "aria-pressed": "false" }, text);
      button.addEventListener("click", () => {
        button.setAttribute("aria-pressed", String(this.#listener.hold(keysym)));
      });
      return button;
    });
    return make("div", {}, [
      make("div", { class: "grid three" }, CHORDS.map(chordButton)),
      make("div", { class: "grid six" }, FUNCTIONS.map(chordButton)),
      make("p", {}, this.#strings.held),
      make("div", { class: "grid four" }, holds),
    ]);
  }

  /** The gateway has lifted all keys, held ones too. */
  released(): void {
    this.element.querySelectorAll(".four [aria-pressed]").forEach((button) => {
      button.setAttribute("aria-pressed", "false");
    });
  }

  #clipboardPanel(viewOnly: boolean): HTMLElement {
    const strings = this.#strings;
    const copy = make("button", { type: "button" }, strings.copy);
    copy.addEventListener("click", () => {
      this.#clipboardText.select();
      this.#listener.copy(this.#clipboardText.value);
    });
    const buttons: HTMLElement[] = [copy];
    if (!viewOnly) {
      const send = make("button", { type: "button", class: "primary" }, strings.send);
      send.addEventListener("click", () => {
        this.#listener.sendClipboard(this.#clipboardText.value);
      });
      buttons.push(send);
    }
    return make("div", {}, [
      make("p", {}, strings.clipboardHint),
      this.#clipboardText,
      make("div", { class: "row" }, buttons),
    ]);
  }

  #displayPanel(scale: Scale, quality: Quality): HTMLElement {
    const strings = this.#strings;
    this.#volume.addEventListener("input", () => {
      this.#listener.volume(this.#volume.valueAsNumber);
    });
    return make("div", {}, [
      choice("scale", strings.scale, scale, [
        ["remote", strings.scaleRemote],
        ["fit", strings.scaleFit],
        ["native", strings.scaleNative],
      ], (value) => {
        this.#listener.scale(value);
      }),
      choice("quality", strings.quality, quality, [
        ["auto", strings.qualityAuto],
        ["exact", strings.qualityExact],
        ["sparing", strings.qualitySparing],
      ], (value) => {
        this.#listener.quality(value);
      }),
      this.#screens,
      make("label", { hidden: "" }, [document.createTextNode(strings.volume), this.#volume]),
    ]);
  }

  /** Escape closes; arrows walk along the bar, as in every toolbar. */
  #navigate(event: KeyboardEvent): void {
    if (event.key === "Escape") {
      event.preventDefault();
      this.toggle(false);
      return;
    }
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const buttons = [...this.#bar.querySelectorAll<HTMLButtonElement>("button:not([hidden])")];
    const at = buttons.findIndex((button) => button === event.target);
    if (step !== 0 && at !== -1) {
      event.preventDefault();
      buttons[(at + step + buttons.length) % buttons.length]?.focus();
    }
  }
}

function label(button: HTMLButtonElement, text: string): void {
  button.setAttribute("aria-label", text);
  button.title = text;
}

/** A group of radio buttons. */
function choice<T extends string>(
  name: string,
  legend: string,
  chosen: T,
  values: readonly (readonly [value: T, text: string])[],
  act: (value: T) => void,
): HTMLElement {
  const labels = values.map(([value, text]) => {
    const input = make("input", { type: "radio", name, value });
    input.checked = value === chosen;
    input.addEventListener("change", () => {
      act(value);
    });
    return make("label", {}, [input, document.createTextNode(text)]);
  });
  return make("fieldset", {}, [make("legend", {}, legend), ...labels]);
}
