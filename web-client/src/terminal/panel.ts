/** The terminal's panel in the toolbar. */

import { make } from "../app/dom.js";
import type { Settings } from "./settings.js";
import type { TerminalStrings } from "./strings.js";
import { THEMES } from "./theme.js";

export interface PanelListener {
  /** By so many steps; 0 is back to the usual size. */
  zoom(steps: number): void;
  /** The settings have changed. */
  changed(): void;
  copy(): void;
  paste(): void;
  find(): void;
}

/** Builds it. What is switched changes `settings`. */
export function makePanel(strings: TerminalStrings, settings: Settings, mayType: boolean, listener: PanelListener): HTMLElement {
  const button = (text: string, act: () => void): HTMLButtonElement => {
    const made = make("button", { type: "button" }, text);
    made.addEventListener("click", act);
    return made;
  };
  const edit = [
    button(strings.copy, () => {
      listener.copy();
    }),
    ...(mayType ? [button(strings.paste, () => {
      listener.paste();
    })] : []),
    button(strings.find, () => {
      listener.find();
    }),
  ];
  const sizes = [[strings.smaller, -1], [strings.usual, 0], [strings.larger, 1]] as const;
  return make("div", { class: "terminal-panel" }, [
    make("div", { class: "grid three" }, edit),
    make("p", {}, strings.size),
    make("div", { class: "grid three" }, sizes.map(([text, steps]) => button(text, () => {
      listener.zoom(steps);
    }))),
    themes(strings, settings, listener),
    make("fieldset", {}, [
      toggle(strings.reader, settings.reader, (on) => {
        settings.reader = on;
        listener.changed();
      }),
      toggle(strings.copies, settings.copies, (on) => {
        settings.copies = on;
        listener.changed();
      }),
    ]),
  ]);
}

function themes(strings: TerminalStrings, settings: Settings, listener: PanelListener): HTMLElement {
  const labels = THEMES.map((name) => {
    const input = make("input", { type: "radio", name: "terminal-theme", value: name });
    input.checked = name === settings.theme;
    input.addEventListener("change", () => {
      settings.theme = name;
      listener.changed();
    });
    return make("label", {}, [input, document.createTextNode(strings[name])]);
  });
  return make("fieldset", {}, [make("legend", {}, strings.theme), ...labels]);
}

function toggle(text: string, on: boolean, act: (on: boolean) => void): HTMLElement {
  const input = make("input", { type: "checkbox" });
  input.checked = on;
  input.addEventListener("change", () => {
    act(input.checked);
  });
  return make("label", {}, [input, document.createTextNode(text)]);
}
