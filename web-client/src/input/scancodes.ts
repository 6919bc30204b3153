/**
 * Places on the keyboard: `KeyboardEvent.code` to XT set 1 scan codes, `0xe0 nn` as `nn | 0x80`.
 *
 * The names are those of UI Events `code` values (W3C); the numbers those of the IBM PC/XT and its
 * successors. Pause, which has no code of this form, travels as Ctrl+Break's 0xc6.
 */

/** Runs of codes whose scan codes follow one another, from `first`. */
const RUNS: readonly (readonly [first: number, codes: string])[] = [
  [0x01, "Escape Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal Backspace Tab"],
  [0x10, "KeyQ KeyW KeyE KeyR KeyT KeyY KeyU KeyI KeyO KeyP BracketLeft BracketRight Enter ControlLeft"],
  [0x1e, "KeyA KeyS KeyD KeyF KeyG KeyH KeyJ KeyK KeyL Semicolon Quote Backquote ShiftLeft Backslash"],
  [0x2c, "KeyZ KeyX KeyC KeyV KeyB KeyN KeyM Comma Period Slash ShiftRight NumpadMultiply AltLeft Space CapsLock"],
  [0x3b, "F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 NumLock ScrollLock"],
  [0x47, "Numpad7 Numpad8 Numpad9 NumpadSubtract Numpad4 Numpad5 Numpad6 NumpadAdd Numpad1 Numpad2 Numpad3 Numpad0"],
  [0x53, "NumpadDecimal"],
  [0x56, "IntlBackslash F11 F12 NumpadEqual"],
  [0x64, "F13 F14 F15 F16 F17 F18 F19 F20 F21 F22 F23"],
  [0x70, "KanaMode Lang2 Lang1 IntlRo"],
  [0x76, "F24"],
  [0x79, "Convert"],
  [0x7b, "NonConvert"],
  [0x7d, "IntlYen NumpadComma"],
  [0x90, "MediaTrackPrevious"],
  [0x99, "MediaTrackNext"],
  [0x9c, "NumpadEnter ControlRight"],
  [0xa0, "AudioVolumeMute LaunchApp2 MediaPlayPause"],
  [0xa4, "MediaStop"],
  [0xae, "AudioVolumeDown"],
  [0xb0, "AudioVolumeUp"],
  [0xb2, "BrowserHome"],
  [0xb5, "NumpadDivide"],
  [0xb7, "PrintScreen AltRight"],
  [0xc6, "Pause Home ArrowUp PageUp"],
  [0xcb, "ArrowLeft"],
  [0xcd, "ArrowRight"],
  [0xcf, "End ArrowDown PageDown Insert Delete"],
  [0xdb, "MetaLeft MetaRight ContextMenu Power Sleep"],
  [0xe3, "WakeUp"],
  [0xe5, "BrowserSearch BrowserFavorites BrowserRefresh BrowserStop BrowserForward BrowserBack LaunchApp1 LaunchMail MediaSelect"],
];

const SCANCODES: ReadonlyMap<string, number> = new Map(
  RUNS.flatMap(([first, codes]) => codes.split(" ").map((code, at) => [code, first + at] as const)),
);

/** The scan code of a place, or 0 where there is none. */
export function scancodeOf(code: string): number {
  return SCANCODES.get(code) ?? 0;
}
