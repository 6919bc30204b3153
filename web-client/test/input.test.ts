/** Keyboard, pointer, wheel, touch and typing, without a browser. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { KEYSYM, keysymOf } from "../src/input/keysyms.js";
import { Keyboard, type KeyStroke, type Platform } from "../src/input/keyboard.js";
import { PointerPacer, PointerReminder, WheelGatherer, buttonsOf } from "../src/input/pointer.js";
import { scancodeOf } from "../src/input/scancodes.js";
import { TouchTracker, type Gesture } from "../src/input/touch.js";
import { changeBetween, commandsFor } from "../src/input/typing.js";
import type { Command } from "../src/wire/command.js";

/** Timeouts wait for `mock.timers.tick`. Node 18 takes the list alone, later ones an object. */
function holdTimeouts(): void {
  const apis = ["setTimeout"] as const;
  const takesList = process.versions.node.startsWith("18.");
  const enable = mock.timers.enable.bind(mock.timers) as (options: unknown) => void;
  enable(takesList ? apis : { apis });
}

interface StrokeParts {
  readonly mods?: string;
  readonly location?: number;
  readonly repeat?: boolean;
  readonly locks?: readonly string[];
}

/** `mods` has a letter for each modifier: c, s, a, m, and g for AltGraph. */
function stroke(code: string, key: string, { mods = "", location = 0, repeat = false, locks = [] }: StrokeParts = {}): KeyStroke {
  return {
    code,
    key,
    location,
    repeat,
    isComposing: false,
    ctrlKey: mods.includes("c"),
    shiftKey: mods.includes("s"),
    altKey: mods.includes("a"),
    metaKey: mods.includes("m"),
    getModifierState: (name) => (name === "AltGraph" ? mods.includes("g") : locks.includes(name)),
  };
}

function keyboard(platform: Platform = "other", commandKey: "control" | "super" = "super"): { keys: Keyboard; sent: string[] } {
  const sent: string[] = [];
  const keys = new Keyboard(platform, commandKey, (command) => {
    sent.push(describe(command));
  });
  return { keys, sent };
}

function describe(command: Command): string {
  switch (command.kind) {
    case "key":
      return `${command.down ? "+" : "-"}${command.keysym.toString(16)}/${command.scancode.toString(16)}`;
    case "text":
      return `"${command.text}"`;
    case "pointer":
      return `${command.x},${command.y} ${command.buttons}`;
    default:
      return command.kind;
  }
}

test("keysyms", () => {
  const cases: readonly (readonly [key: string, location: number, want: number])[] = [
    ["a", 0, 0x61], ["é", 0, 0xe9], ["€", 0, 0x010020ac], ["日", 0, 0x010065e5], ["😀", 0, 0x0101f600],
    ["Enter", 0, 0xff0d], ["Enter", 3, 0xff8d], ["7", 3, 0xffb7], ["Home", 3, 0xff95], [".", 3, 0xffae],
    ["Shift", 1, 0xffe1], ["Shift", 2, 0xffe2], ["Control", 2, 0xffe4], ["AltGraph", 2, 0xfe03], ["Meta", 1, 0xffeb],
    ["F1", 0, 0xffbe], ["F12", 0, 0xffc9], ["F35", 0, 0xffe0], ["F36", 0, 0], ["Dead", 0, 0], ["AudioVolumeUp", 0, 0x1008ff13],
  ];
  for (const [key, location, want] of cases) {
    assert.equal(keysymOf(key, location), want, key);
  }
});

test("scan codes", () => {
  const cases: readonly (readonly [string, number])[] = [
    ["Escape", 1], ["KeyA", 0x1e], ["KeyZ", 0x2c], ["ShiftRight", 0x36], ["Space", 0x39], ["F10", 0x44], ["F11", 0x57], ["Numpad0", 0x52],
    ["IntlBackslash", 0x56], ["IntlRo", 0x73], ["IntlYen", 0x7d], ["NumpadEnter", 0x9c], ["ControlRight", 0x9d], ["NumpadDivide", 0xb5],
    ["AltRight", 0xb8], ["Home", 0xc7], ["ArrowUp", 0xc8], ["PageDown", 0xd1], ["Delete", 0xd3], ["MetaLeft", 0xdb], ["ContextMenu", 0xdd], ["None", 0],
  ];
  for (const [code, want] of cases) {
    assert.equal(scancodeOf(code), want, code);
  }
});

test("a key-up releases what its key-down pressed, and repeats are downs", () => {
  const { keys, sent } = keyboard();
  keys.down(stroke("ShiftLeft", "Shift", { mods: "s", location: 1 }), false);
  keys.down(stroke("KeyA", "A", { mods: "s" }), false);
  keys.down(stroke("KeyA", "A", { mods: "s", repeat: true }), false);
  keys.up(stroke("ShiftLeft", "Shift", { location: 1 }));
  keys.up(stroke("KeyA", "a"));
  assert.deepEqual(sent, ["+ffe1/2a", "+41/1e", "+41/1e", "-ffe1/2a", "-41/1e"]);
  assert.equal(keys.up(stroke("KeyA", "a")), "ignored");
});

test("lost modifier events are made up for", () => {
  const { keys, sent } = keyboard();
  keys.down(stroke("ControlLeft", "Control", { mods: "c", location: 1 }), false);
  keys.down(stroke("KeyB", "b"), false);
  keys.down(stroke("KeyC", "c", { mods: "c" }), false);
  keys.up(stroke("ControlRight", "Control", { location: 2 }));
  assert.deepEqual(sent, ["+ffe3/1d", "-ffe3/1d", "+62/30", "+ffe3/1d", "+63/2e", "-ffe3/1d"]);
});

test("AltGr on Windows drops the Control before it, and a real Control goes out late", () => {
  holdTimeouts();
  const { keys, sent } = keyboard("windows");
  keys.down(stroke("ControlLeft", "Control", { mods: "c", location: 1 }), false);
  keys.down(stroke("AltRight", "AltGraph", { mods: "cag", location: 2 }), false);
  keys.down(stroke("KeyQ", "@", { mods: "cag" }), false);
  keys.up(stroke("KeyQ", "@", { mods: "cag" }));
  keys.up(stroke("ControlLeft", "Control", { mods: "a", location: 1 }));
  keys.up(stroke("AltRight", "AltGraph", { location: 2 }));
  assert.deepEqual(sent.splice(0), ["+fe03/b8", "+40/10", "-40/10", "-fe03/b8"]);
  keys.down(stroke("ControlLeft", "Control", { mods: "c", location: 1 }), false);
  keys.down(stroke("KeyC", "c", { mods: "c" }), false);
  assert.deepEqual(sent.splice(0), ["+ffe3/1d", "+63/2e"]);
  keys.up(stroke("KeyC", "c", { mods: "c" }));
  keys.up(stroke("ControlLeft", "Control", { location: 1 }));
  keys.down(stroke("ControlLeft", "Control", { mods: "c", location: 1 }), false);
  sent.splice(0);
  mock.timers.tick(100);
  assert.deepEqual(sent, ["+ffe3/1d"]);
  mock.timers.reset();
});

test("AltGr elsewhere", () => {
  const { keys, sent } = keyboard();
  keys.down(stroke("AltRight", "AltGraph", { mods: "g", location: 2 }), false);
  keys.down(stroke("KeyE", "€", { mods: "g" }), false);
  keys.up(stroke("KeyE", "€", { mods: "g" }));
  keys.up(stroke("AltRight", "AltGraph", { location: 2 }));
  assert.deepEqual(sent, ["+fe03/b8", "+10020ac/12", "-10020ac/12", "-fe03/b8"]);
});

test("macOS: Command loses key-ups, acts as Control, and Option types characters", () => {
  const { keys, sent } = keyboard("mac", "control");
  keys.down(stroke("MetaLeft", "Meta", { mods: "m", location: 1 }), false);
  keys.down(stroke("KeyC", "c", { mods: "m" }), false);
  keys.up(stroke("MetaLeft", "Meta", { location: 1 }));
  assert.deepEqual(sent.splice(0), ["+ffe3/1d", "+63/2e", "-63/2e", "-ffe3/1d"]);
  keys.down(stroke("AltLeft", "Alt", { mods: "a", location: 1 }), false);
  keys.down(stroke("KeyL", "@", { mods: "a" }), false);
  keys.up(stroke("KeyL", "@", { mods: "a" }));
  keys.up(stroke("AltLeft", "Alt", { location: 1 }));
  assert.deepEqual(sent.splice(0), ["+ffe9/38", "-ffe9/38", "+40/26", "-40/26"]);
  keys.up(stroke("CapsLock", "CapsLock"));
  assert.deepEqual(sent, ["+ffe5/3a", "-ffe5/3a"]);
});

test("shortcuts keep their Latin letters, locks follow the lights, input methods keep their keys", () => {
  const { keys, sent } = keyboard();
  keys.down(stroke("ControlLeft", "Control", { mods: "c", location: 1 }), false);
  keys.down(stroke("KeyC", "с", { mods: "c" }), false);
  assert.equal(sent.splice(0).at(-1), "+63/2e");
  keys.release();
  assert.deepEqual(sent.splice(0), ["releaseAll"]);
  keys.setLeds(0);
  keys.down(stroke("KeyA", "A", { locks: ["CapsLock"] }), false);
  keys.down(stroke("KeyB", "B", { locks: ["CapsLock"] }), false);
  assert.deepEqual(sent.splice(0), ["+ffe5/3a", "-ffe5/3a", "+41/1e", "+42/30"]);
  for (const key of ["Process", "Dead"]) {
    assert.equal(keys.down(stroke("KeyX", key), false), "ignored");
  }
  assert.deepEqual(sent, []);
});

test("keys wait for a paste and keep their order", () => {
  const { keys, sent } = keyboard();
  keys.down(stroke("ControlLeft", "Control", { mods: "c", location: 1 }), true);
  assert.equal(keys.down(stroke("KeyV", "v", { mods: "c" }), true), "paste");
  assert.equal(keys.up(stroke("KeyV", "v", { mods: "c" })), "handled");
  keys.up(stroke("ControlLeft", "Control", { location: 1 }));
  assert.deepEqual(sent.splice(0), ["+ffe3/1d"]);
  keys.resume();
  assert.deepEqual(sent, ["+76/2f", "-76/2f", "-ffe3/1d"]);
});

test("chords and held modifiers", () => {
  const { keys, sent } = keyboard();
  keys.chord([KEYSYM.control, KEYSYM.alt, KEYSYM.delete]);
  assert.deepEqual(sent.splice(0), ["+ffe3/0", "+ffe9/0", "+ffff/0", "-ffff/0", "-ffe9/0", "-ffe3/0"]);
  assert.equal(keys.toggle(KEYSYM.control), true);
  keys.down(stroke("KeyC", "c"), false);
  assert.equal(keys.toggle(KEYSYM.control), false);
  assert.deepEqual(sent, ["+ffe3/0", "+63/2e", "-ffe3/0"]);
});

test("buttons change places", () => {
  assert.deepEqual([0, 1, 2, 4, 8, 16, 31].map(buttonsOf), [0, 1, 4, 2, 8, 16, 31]);
});

test("moves merge, buttons do not", () => {
  holdTimeouts();
  const sent: string[] = [];
  let now = 100;
  const pacer = new PointerPacer((command) => {
    sent.push(describe(command));
  }, () => now);
  pacer.update({ x: 1, y: 1 }, 0);
  pacer.update({ x: 2, y: 2 }, 0);
  pacer.update({ x: 3, y: 3 }, 0);
  assert.deepEqual(sent.splice(0), ["1,1 0"]);
  pacer.update({ x: 4, y: 4 }, 1);
  pacer.update({ x: 4, y: 4 }, 5);
  pacer.update({ x: 4, y: 4 }, 0);
  assert.deepEqual(sent.splice(0), ["4,4 1", "4,4 5", "4,4 0"]);
  pacer.update({ x: 5, y: 5 }, 0);
  pacer.update({ x: 6, y: 6 }, 0);
  now += 8;
  mock.timers.tick(8);
  assert.deepEqual(sent, ["6,6 0"]);
  mock.timers.reset();
});

test("a new link is told where the pointer is, once the picture has a size", () => {
  holdTimeouts();
  const sent: string[] = [];
  let side = 0;
  const pacer = new PointerPacer((command) => {
    sent.push(describe(command));
  }, () => 0);
  const reminder = new PointerReminder(
    ({ x, y }) => (side === 0 ? null : { x: Math.min(x, side - 1), y: Math.min(y, side - 1) }),
    (place) => {
      pacer.renew(place);
    },
  );
  // The pointer was never here, and then it moves while there is no picture yet.
  reminder.renew(false);
  reminder.settle();
  reminder.at({ x: 70, y: 80 });
  reminder.settle();
  assert.deepEqual(sent, []);
  side = 100;
  reminder.settle();
  reminder.settle();
  assert.deepEqual(sent.splice(0), ["70,80 0"]);
  // Moves and buttons that a lost link never heard of: the place is told anew, the buttons are up.
  pacer.update({ x: 70, y: 80 }, 1);
  pacer.update({ x: 71, y: 80 }, 1);
  sent.splice(0);
  pacer.forget();
  reminder.renew(true);
  assert.deepEqual(sent.splice(0), ["70,80 0"]);
  mock.timers.tick(100);
  assert.deepEqual(sent, []);
  // A pointer that comes only later is told once, and no size after that tells it again.
  const late = new PointerReminder((spot) => spot, (place) => {
    pacer.renew(place);
  });
  late.renew(true);
  late.at({ x: 5, y: 6 });
  late.at({ x: 7, y: 8 });
  late.settle();
  assert.deepEqual(sent.splice(0), ["5,6 0"]);
  // A picture that starts anew and smaller.
  reminder.renew(false);
  assert.deepEqual(sent, []);
  side = 10;
  reminder.settle();
  assert.deepEqual(sent, ["9,9 0"]);
  mock.timers.reset();
});

test("wheels add up", () => {
  const wheel = new WheelGatherer();
  assert.deepEqual(wheel.add(0, 100, 0), { dx: 0, dy: 120 });
  assert.deepEqual(wheel.add(0, -3, 1), { dx: 0, dy: -120 });
  assert.equal(wheel.add(0, 0.5, 0), null);
  assert.deepEqual(wheel.add(0, 0.5, 0), { dx: 0, dy: 1 });
});

test("fingers", () => {
  holdTimeouts();
  const seen: Gesture[] = [];
  let now = 0;
  const touch = new TouchTracker((gesture) => {
    seen.push(gesture);
  }, () => now);
  touch.down(1, { x: 10, y: 10 });
  touch.up(1);
  now = 200;
  touch.down(1, { x: 18, y: 12 });
  touch.up(1);
  assert.deepEqual(seen.splice(0), [{ kind: "tap", at: { x: 10, y: 10 } }, { kind: "tap", at: { x: 10, y: 10 } }]);
  now = 2_000;
  touch.down(1, { x: 50, y: 50 });
  mock.timers.tick(500);
  touch.up(1);
  assert.deepEqual(seen.splice(0), [{ kind: "hold", at: { x: 50, y: 50 } }]);
  touch.down(1, { x: 50, y: 50 });
  touch.move(1, { x: 55, y: 50 });
  touch.move(1, { x: 70, y: 50 });
  touch.up(1);
  assert.deepEqual(seen.splice(0).map((gesture) => (gesture.kind === "drag" ? gesture.phase : gesture.kind)), ["start", "move", "end"]);
  touch.down(1, { x: 0, y: 0 });
  touch.down(2, { x: 100, y: 0 });
  touch.move(2, { x: 200, y: 0 });
  touch.move(2, { x: 300, y: 0 });
  touch.up(1);
  touch.up(2);
  assert.deepEqual(seen.splice(0), [{ kind: "zoom", at: { x: 150, y: 0 }, factor: 1.5, dx: 50, dy: 0 }]);
  touch.down(1, { x: 0, y: 0 });
  touch.down(2, { x: 100, y: 0 });
  touch.move(1, { x: 0, y: 15 });
  touch.move(2, { x: 100, y: 15 });
  touch.move(1, { x: 0, y: 25 });
  touch.cancel();
  assert.deepEqual(seen.splice(0).map((gesture) => gesture.kind), ["scroll"]);
  [1, 2, 3].forEach((id) => {
    touch.down(id, { x: id * 50, y: 0 });
  });
  [1, 2, 3].forEach((id) => {
    touch.up(id);
  });
  assert.deepEqual(seen, [{ kind: "menu" }]);
  mock.timers.reset();
});

test("typing is the difference of two texts", () => {
  assert.deepEqual(changeBetween("  ", "  日本"), { deleted: 0, inserted: "日本" });
  assert.deepEqual(changeBetween("  helo", "  hello"), { deleted: 1, inserted: "lo" });
  assert.deepEqual(changeBetween("  ", " "), { deleted: 1, inserted: "" });
  assert.deepEqual(commandsFor({ deleted: 1, inserted: "a" }).map(describe), ["+ff08/0", "-ff08/0", "+61/0", "-61/0"]);
  assert.deepEqual(commandsFor({ deleted: 0, inserted: "日本\nx" }).map(describe), ['"日本"', "+ff0d/0", "-ff0d/0", "+78/0", "-78/0"]);
});
