/** Input of one screen: listens to the page and sends what the user does. */

import { platformOf, Keyboard, type CommandKey } from "../input/keyboard.js";
import { PointerPacer, PointerReminder, WheelGatherer, buttonsOf } from "../input/pointer.js";
import { TouchTracker, type Gesture, type Spot } from "../input/touch.js";
import { Typing } from "../input/typing.js";
import type { Command } from "../wire/command.js";
import type { ClipboardSync } from "./clipboard.js";
import type { CursorView } from "./cursor.js";
import { make } from "./dom.js";
import type { View } from "./view.js";

/** How long the browser may take to paste before the keys go on, in milliseconds. */
const PASTE_MAX_MS = 60;
/** The numbers that fingers may have. */
const CONTACTS = [...Array(10).keys()];
const VIBRATE_MS = 20;
const BUTTON_LEFT = 1;
const BUTTON_RIGHT = 4;

/** What the controls need from their screen. */
export interface ControlsContext {
  readonly view: View;
  readonly cursor: CursorView;
  readonly clipboard: ClipboardSync;
  readonly commandKey: CommandKey;
  send(command: Command): void;
  /** Three fingers tapped. */
  menu(): void;
  /** All keys were lifted. */
  released(): void;
}

/** Owns every input listener of one screen. */
export class Controls {
  /** The hidden field that has the focus while the remote has the keyboard. */
  readonly area = make("textarea", {
    class: "typing",
    autocapitalize: "off",
    autocomplete: "off",
    autocorrect: "off",
    spellcheck: "false",
    tabindex: "0",
  });
  readonly #context: ControlsContext;
  readonly #keyboard: Keyboard;
  readonly #pacer: PointerPacer;
  readonly #reminder: PointerReminder;
  readonly #wheel = new WheelGatherer();
  readonly #touch: TouchTracker;
  /** The numbers of fingers that the remote takes as such, by the browser's; null while it does not. */
  #contacts: Map<number, number> | null = null;
  readonly #typing: Typing;
  readonly #abort = new AbortController();
  #pasteTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(context: ControlsContext, label: string) {
    this.#context = context;
    const now = (): number => performance.now();
    const send = (command: Command): void => {
      context.send(command);
    };
    this.area.setAttribute("aria-label", label);
    this.#keyboard = new Keyboard(platformOf(navigator.userAgent), context.commandKey, send);
    this.#pacer = new PointerPacer(send, now);
    this.#reminder = new PointerReminder(
      (spot) => (context.view.size.width === 0 ? null : this.#place(spot)),
      (place) => {
        this.#pacer.renew(place);
      },
    );
    this.#touch = new TouchTracker((gesture) => {
      this.#gesture(gesture);
    }, now);
    this.#typing = new Typing(this.area, send, this.#abort.signal);
    this.#listenKeys();
    this.#listenPointer();
    this.#listenFocus();
  }

  /** Gives the remote the keyboard. `typing` opens a phone's on-screen keyboard. */
  focus(typing: boolean): void {
    const inputMode = typing || !matchMedia("(pointer: coarse)").matches ? "text" : "none";
    if (this.area.inputMode !== inputMode) {
      // A phone looks at the mode only when the focus comes.
      this.area.inputMode = inputMode;
      this.area.blur();
    }
    // A phone scrolls the field, which is where the user last tapped, out from under its keyboard.
    this.area.focus({ preventScroll: !typing });
  }

  chord(keysyms: readonly number[]): void {
    this.#keyboard.chord(keysyms);
  }

  hold(keysym: number): boolean {
    return this.#keyboard.toggle(keysym);
  }

  /** Whether the remote takes touches: they reach it as they are, and are no gestures here. */
  setTouch(takes: boolean): void {
    if (takes !== (this.#contacts !== null)) {
      this.#touch.cancel();
      this.#contacts = takes ? new Map<number, number>() : null;
    }
  }

  setLeds(bits: number): void {
    this.#keyboard.setLeds(bits);
  }

  /** The link is new: nothing is pressed over there. `sized` as in {@link PointerReminder.renew}. */
  renew(sized: boolean): void {
    this.#keyboard.forget();
    this.#pacer.forget();
    this.#context.released();
    this.#reminder.renew(sized);
  }

  /** The picture has a size, perhaps a new one. */
  sized(): void {
    this.#reminder.settle();
  }

  /** Takes all listeners away. */
  close(): void {
    clearTimeout(this.#pasteTimer);
    this.#abort.abort();
    this.#keyboard.forget();
    this.#pacer.forget();
    this.#touch.cancel();
  }

  #listenKeys(): void {
    const { area } = this;
    const options = { signal: this.#abort.signal };
    area.addEventListener("keydown", (event) => {
      void this.#context.clipboard.flush(false);
      switch (this.#keyboard.down(event, this.#context.clipboard.maySend)) {
        case "handled":
          event.preventDefault();
          break;
        case "paste":
          this.#pasteTimer = setTimeout(() => {
            this.#keyboard.resume();
          }, PASTE_MAX_MS);
          break;
        case "ignored":
          break;
      }
      event.stopPropagation();
    }, options);
    area.addEventListener("keyup", (event) => {
      if (this.#keyboard.up(event) === "handled") {
        event.preventDefault();
      }
      event.stopPropagation();
    }, options);
    area.addEventListener("paste", (event) => {
      event.preventDefault();
      clearTimeout(this.#pasteTimer);
      void this.#context.clipboard.paste(event.clipboardData).catch(() => undefined).then(() => {
        this.#keyboard.resume();
      });
    }, options);
  }

  #listenFocus(): void {
    const options = { signal: this.#abort.signal };
    this.area.addEventListener("focus", () => {
      this.#typing.rest();
      void this.#context.clipboard.poll();
    }, options);
    const release = (): void => {
      this.#keyboard.release();
      this.#contacts?.clear();
      this.#pacer.forget();
      this.#context.released();
    };
    this.area.addEventListener("blur", release, options);
    window.addEventListener("focus", () => {
      void this.#context.clipboard.poll();
    }, options);
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) {
        release();
      }
    }, options);
  }

  #listenPointer(): void {
    const target = this.#context.view.viewport;
    const options = { signal: this.#abort.signal };
    const active = { signal: this.#abort.signal, passive: false };
    target.addEventListener("pointerdown", (event) => {
      this.#pointerDown(event, target);
    }, options);
    for (const kind of ["pointermove", "pointerup", "pointercancel"] as const) {
      target.addEventListener(kind, (event) => {
        this.#pointerChange(event);
      }, options);
    }
    // Default actions here would take the focus from the field, scroll the page or go back in history.
    for (const kind of ["mousedown", "mouseup", "contextmenu", "auxclick", "dragstart", "touchstart", "touchmove"] as const) {
      target.addEventListener(kind, (event) => {
        event.preventDefault();
      }, active);
    }
    target.addEventListener("wheel", (event) => {
      event.preventDefault();
      const moved = this.#wheel.add(event.deltaX, event.deltaY, event.deltaMode);
      if (moved !== null) {
        this.#context.send({ kind: "wheel", ...this.#place(spotOf(event)), ...moved });
      }
    }, active);
  }

  #pointerDown(event: PointerEvent, target: HTMLElement): void {
    target.setPointerCapture(event.pointerId);
    void this.#context.clipboard.flush(false);
    if (event.pointerType === "touch") {
      if (this.#contacts !== null) {
        this.#finger(this.#contacts, event);
      } else {
        this.#touch.zoomed = this.#context.view.zoomed;
        this.#touch.down(event.pointerId, spotOf(event));
      }
      if (this.area.inputMode !== "text") {
        this.focus(false);
      }
      return;
    }
    this.focus(false);
    this.#moveField(spotOf(event));
    this.#pointerChange(event);
  }

  #pointerChange(event: PointerEvent): void {
    const spot = spotOf(event);
    if (event.pointerType === "touch") {
      if (this.#contacts !== null) {
        this.#finger(this.#contacts, event);
      } else if (event.type === "pointermove") {
        this.#touch.move(event.pointerId, spot);
      } else if (event.type === "pointerup") {
        this.#touch.up(event.pointerId);
      } else if (event.type === "pointercancel") {
        this.#touch.cancel();
      }
      return;
    }
    const box = this.#context.view.viewport.getBoundingClientRect();
    this.#context.cursor.move(spot.x - box.left, spot.y - box.top);
    this.#point(spot, buttonsOf(event.buttons));
  }

  /** Passes a finger on, under the lowest number that is free. */
  #finger(contacts: Map<number, number>, event: PointerEvent): void {
    const phase = ["pointerdown", "pointermove", "pointerup", "pointercancel"].indexOf(event.type);
    if (phase === 0) {
      const taken = new Set(contacts.values());
      const free = CONTACTS.find((contact) => !taken.has(contact));
      if (free !== undefined) {
        contacts.set(event.pointerId, free);
      }
    }
    const contact = contacts.get(event.pointerId);
    if (contact === undefined) {
      return;
    }
    if (phase > 1) {
      contacts.delete(event.pointerId);
    }
    this.#context.send({ kind: "touch", contact, phase, ...this.#place(spotOf(event)) });
  }

  #gesture(gesture: Gesture): void {
    switch (gesture.kind) {
      case "tap":
        this.#click(gesture.at, BUTTON_LEFT);
        break;
      case "hold":
        // Not every device can, and Safari lacks the method.
        if ("vibrate" in navigator) {
          navigator.vibrate(VIBRATE_MS);
        }
        this.#click(gesture.at, BUTTON_RIGHT);
        break;
      case "drag":
        this.#point(gesture.at, gesture.phase === "end" ? 0 : BUTTON_LEFT);
        break;
      case "pan":
        this.#context.view.panBy(gesture.dx, gesture.dy);
        break;
      case "scroll": {
        // Content follows the fingers, so the wheel turns against them.
        const moved = this.#wheel.add(-gesture.dx, -gesture.dy, 0);
        if (moved !== null) {
          this.#context.send({ kind: "wheel", ...this.#place(gesture.at), ...moved });
        }
        break;
      }
      case "zoom":
        this.#context.view.zoomBy(gesture.factor, gesture.at);
        this.#context.view.panBy(gesture.dx, gesture.dy);
        break;
      case "menu":
        this.#context.menu();
        break;
    }
  }

  #click(at: Spot, button: number): void {
    this.#moveField(at);
    for (const buttons of [0, button, 0]) {
      this.#point(at, buttons);
    }
  }

  /** The pointer is at `spot` with `buttons`, as the link counts them, down. */
  #point(spot: Spot, buttons: number): void {
    this.#reminder.at(spot);
    this.#pacer.update(this.#place(spot), buttons);
  }

  /** Input methods show their candidates beside the field, so it goes where the user clicked. */
  #moveField(spot: Spot): void {
    const box = this.#context.view.viewport.getBoundingClientRect();
    this.area.style.left = `${Math.max(0, Math.min(spot.x - box.left, box.width - 20))}px`;
    this.area.style.top = `${Math.max(0, Math.min(spot.y - box.top, box.height - 30))}px`;
  }

  #place(spot: Spot): { readonly x: number; readonly y: number } {
    return this.#context.view.placeOf(spot);
  }
}

function spotOf(event: MouseEvent): Spot {
  return { x: event.clientX, y: event.clientY };
}
