/**
 * Meanings of keys: `KeyboardEvent.key` to X11 keysyms.
 *
 * Named keys are listed; characters are computed: Latin-1 stands for itself, all else is
 * `0x01000000 + code point`.
 */

/** Names of UI Events `key` values with the keysym on the left, middle or right, and keypad. */
const NAMED: ReadonlyMap<string, number> = new Map([
  ["Backspace", 0xff08],
  ["Tab", 0xff09],
  ["Clear", 0xff0b],
  ["Enter", 0xff0d],
  ["Pause", 0xff13],
  ["ScrollLock", 0xff14],
  ["Escape", 0xff1b],
  ["Compose", 0xff20],
  ["KanjiMode", 0xff21],
  ["NonConvert", 0xff22],
  ["Convert", 0xff23],
  ["Romaji", 0xff24],
  ["Hiragana", 0xff25],
  ["Katakana", 0xff26],
  ["HiraganaKatakana", 0xff27],
  ["Zenkaku", 0xff28],
  ["Hankaku", 0xff29],
  ["ZenkakuHankaku", 0xff2a],
  ["KanaMode", 0xff2d],
  ["Alphanumeric", 0xff30],
  ["HangulMode", 0xff31],
  ["HanjaMode", 0xff34],
  ["CodeInput", 0xff37],
  ["SingleCandidate", 0xff3c],
  ["AllCandidates", 0xff3d],
  ["PreviousCandidate", 0xff3e],
  ["Home", 0xff50],
  ["ArrowLeft", 0xff51],
  ["ArrowUp", 0xff52],
  ["ArrowRight", 0xff53],
  ["ArrowDown", 0xff54],
  ["PageUp", 0xff55],
  ["PageDown", 0xff56],
  ["End", 0xff57],
  ["Select", 0xff60],
  ["PrintScreen", 0xff61],
  ["Execute", 0xff62],
  ["Insert", 0xff63],
  ["Undo", 0xff65],
  ["Redo", 0xff66],
  ["ContextMenu", 0xff67],
  ["Find", 0xff68],
  ["Cancel", 0xff69],
  ["Help", 0xff6a],
  ["ModeChange", 0xff7e],
  ["NumLock", 0xff7f],
  ["CapsLock", 0xffe5],
  ["Hyper", 0xffed],
  ["AltGraph", 0xfe03],
  ["Delete", 0xffff],
  ["BrightnessUp", 0x1008_ff02],
  ["BrightnessDown", 0x1008_ff03],
  ["Standby", 0x1008_ff10],
  ["AudioVolumeDown", 0x1008_ff11],
  ["AudioVolumeMute", 0x1008_ff12],
  ["AudioVolumeUp", 0x1008_ff13],
  ["MediaPlayPause", 0x1008_ff14],
  ["MediaStop", 0x1008_ff15],
  ["MediaTrackPrevious", 0x1008_ff16],
  ["MediaTrackNext", 0x1008_ff17],
  ["BrowserHome", 0x1008_ff18],
  ["LaunchMail", 0x1008_ff19],
  ["BrowserSearch", 0x1008_ff1b],
  ["LaunchCalculator", 0x1008_ff1d],
  ["BrowserBack", 0x1008_ff26],
  ["BrowserForward", 0x1008_ff27],
  ["BrowserStop", 0x1008_ff28],
  ["BrowserRefresh", 0x1008_ff29],
  ["PowerOff", 0x1008_ff2a],
  ["WakeUp", 0x1008_ff2b],
  ["Eject", 0x1008_ff2c],
  ["BrowserFavorites", 0x1008_ff30],
  ["LaunchMediaPlayer", 0x1008_ff32],
  ["Copy", 0x1008_ff57],
  ["Cut", 0x1008_ff58],
  ["Paste", 0x1008_ff6d],
]);

/** Keys that exist on both sides: the left keysym and the right. */
const SIDED: ReadonlyMap<string, readonly [left: number, right: number]> = new Map([
  ["Shift", [0xffe1, 0xffe2]],
  ["Control", [0xffe3, 0xffe4]],
  ["Alt", [0xffe9, 0xffea]],
  ["Meta", [0xffeb, 0xffec]],
  ["OS", [0xffeb, 0xffec]],
  ["Super", [0xffeb, 0xffec]],
]);

/** Keys on the number pad. Digits are computed. */
const KEYPAD: ReadonlyMap<string, number> = new Map([
  ["Enter", 0xff8d],
  ["Home", 0xff95],
  ["ArrowLeft", 0xff96],
  ["ArrowUp", 0xff97],
  ["ArrowRight", 0xff98],
  ["ArrowDown", 0xff99],
  ["PageUp", 0xff9a],
  ["PageDown", 0xff9b],
  ["End", 0xff9c],
  ["Clear", 0xff9d],
  ["Insert", 0xff9e],
  ["Delete", 0xff9f],
  ["=", 0xffbd],
  ["*", 0xffaa],
  ["+", 0xffab],
  ["-", 0xffad],
  ["/", 0xffaf],
]);

const KEYPAD_SEPARATOR = 0xffac;
const KEYPAD_DECIMAL = 0xffae;
const KEYPAD_ZERO = 0xffb0;
const FUNCTION_ONE = 0xffbe;
const LOCATION_RIGHT = 2;
const LOCATION_KEYPAD = 3;

/** Keysyms that other code names. */
export const KEYSYM = {
  backspace: 0xff08,
  tab: 0xff09,
  enter: 0xff0d,
  escape: 0xff1b,
  print: 0xff61,
  numLock: 0xff7f,
  scrollLock: 0xff14,
  capsLock: 0xffe5,
  shift: 0xffe1,
  control: 0xffe3,
  controlRight: 0xffe4,
  alt: 0xffe9,
  meta: 0xffeb,
  altGraph: 0xfe03,
  delete: 0xffff,
  f1: FUNCTION_ONE,
} as const;

/** The keysym of a character. */
export function keysymOfCharacter(character: string): number {
  const point = character.codePointAt(0) ?? 0;
  if (point === 0x0a || point === 0x0d) {
    return KEYSYM.enter;
  }
  if (point === 0x08 || point === 0x09) {
    return 0xff00 + point;
  }
  const latin1 = (point >= 0x20 && point <= 0x7e) || (point >= 0xa0 && point <= 0xff);
  return latin1 ? point : 0x0100_0000 + point;
}

/** The keysym of a key event's `key` and `location`, or 0 where it has none. */
export function keysymOf(key: string, location: number): number {
  if (location === LOCATION_KEYPAD) {
    const keypad = keypadKeysym(key);
    if (keypad !== 0) {
      return keypad;
    }
  }
  const sided = SIDED.get(key);
  if (sided !== undefined) {
    return location === LOCATION_RIGHT ? sided[1] : sided[0];
  }
  // One character is one code point, but up to two UTF-16 units.
  if (Array.from(key).length === 1) {
    return keysymOfCharacter(key);
  }
  const number = /^F([1-9]|[12]\d|3[0-5])$/.exec(key)?.[1];
  return number === undefined ? (NAMED.get(key) ?? 0) : FUNCTION_ONE + Number(number) - 1;
}

function keypadKeysym(key: string): number {
  if (/^\d$/.test(key)) {
    return KEYPAD_ZERO + Number(key);
  }
  if (key === "." || key === ",") {
    // Which of the two characters the decimal key gives depends on the layout; both mean the same key.
    return key === "." ? KEYPAD_DECIMAL : KEYPAD_SEPARATOR;
  }
  return KEYPAD.get(key) ?? 0;
}
