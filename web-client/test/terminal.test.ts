/** The parts of the terminal that need no page. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { keyText, withHeld, type Held } from "../src/terminal/keys.js";
import { addressOf } from "../src/terminal/links.js";
import { hasLines, tidy } from "../src/terminal/paste.js";
import { shortcutOf, type Shortcut } from "../src/terminal/shortcuts.js";
import { terminalStringsFor } from "../src/terminal/strings.js";
import { themeOf } from "../src/terminal/theme.js";

const held = (keys = ""): Held => ({ ctrl: keys.includes("c"), alt: keys.includes("a"), shift: keys.includes("s") });

test("keys send what terminals send", () => {
  const cases: readonly (readonly [key: string, keys: string, application: boolean, wanted: string])[] = [
    ["a", "", false, "a"],
    ["€", "", false, "€"],
    ["👍", "", false, "👍"],
    ["c", "c", false, "\x03"],
    ["C", "cs", false, "\x03"],
    ["[", "c", false, "\x1b"],
    [" ", "c", false, "\0"],
    ["?", "c", false, "\x7f"],
    ["1", "c", false, "1"],
    ["x", "a", false, "\x1bx"],
    ["x", "ca", false, "\x1b\x18"],
    ["Enter", "", false, "\r"],
    ["Backspace", "", false, "\x7f"],
    ["Tab", "", false, "\t"],
    ["Tab", "s", false, "\x1b[Z"],
    ["Escape", "", false, "\x1b"],
    ["ArrowUp", "", false, "\x1b[A"],
    ["ArrowUp", "", true, "\x1bOA"],
    ["ArrowLeft", "c", true, "\x1b[1;5D"],
    ["End", "", false, "\x1b[F"],
    ["PageUp", "", false, "\x1b[5~"],
    ["Delete", "s", false, "\x1b[3;2~"],
    ["F1", "", false, ""],
    ["Shift", "s", false, ""],
  ];
  for (const [key, keys, application, wanted] of cases) {
    assert.equal(keyText(key, held(keys), application), wanted, `${key} ${keys}`);
  }
  assert.equal(withHeld("abc", held("c")), "abc");
});

test("pastes hold text, tabs and line feeds alone", () => {
  assert.equal(tidy("a\tb\r\nc\rd\ne"), "a\tb\nc\nd\ne");
  assert.equal(tidy("\x1b[201~rm\x07\x00\x7f\x9b31m\u0085é日👍"), "[201~rm31mé日👍");
  assert.equal(hasLines("one"), false);
  assert.equal(hasLines("one\n"), true);
});

test("only addresses of the web and of mail are opened", () => {
  assert.equal(addressOf("https://example.test/a b"), "https://example.test/a%20b");
  assert.equal(addressOf("mailto:ada@example.test"), "mailto:ada@example.test");
  for (const text of ["javascript:alert(1)", "JaVaScript:alert(1)", "data:text/html,x", "file:///etc/passwd", "ssh://host", "blob:x", "not one", ""]) {
    assert.equal(addressOf(text), null, text);
  }
});

test("shortcuts are few, and Ctrl+C is the remote's", () => {
  const press = (keys: string, key: string): Shortcut | null => shortcutOf({
    key, ctrlKey: keys.includes("c"), shiftKey: keys.includes("s"), altKey: keys.includes("a"), metaKey: keys.includes("m"),
  });
  assert.equal(press("c", "c"), null);
  assert.equal(press("cs", "C"), "copy");
  assert.equal(press("cs", "V"), "paste");
  assert.equal(press("c", "v"), null);
  assert.equal(press("cs", "F"), "find");
  assert.equal(press("m", "f"), "find");
  assert.equal(press("c", "f"), null);
  assert.equal(press("c", "="), "larger");
  assert.equal(press("cs", "+"), "larger");
  assert.equal(press("c", "-"), "smaller");
  assert.equal(press("cs", "_"), null);
  assert.equal(press("m", "0"), "usual");
  assert.equal(press("ca", "0"), null);
  assert.equal(press("", "="), null);
});

test("the gateway's colours are the theme's, and a scheme keeps those by number", () => {
  const colors = Uint8Array.from({ length: 3 * 258 }, (_, at) => Math.floor(at / 3) % 256);
  const remote = themeOf("remote", colors);
  assert.equal(remote.black, "#000000");
  assert.equal(remote.brightWhite, "#0f0f0f");
  assert.equal(remote.extendedAnsi?.length, 240);
  assert.equal(remote.extendedAnsi[0], "#101010");
  assert.equal(remote.foreground, "#000000");
  assert.equal(remote.background, "#010101");
  const light = themeOf("light", colors);
  assert.equal(light.extendedAnsi?.[239], "#ffffff");
  assert.notEqual(light.background, remote.background);
});

test("every language has words", () => {
  for (const language of ["en", "de", "fr", "es", "ja"]) {
    assert.ok(Object.values(terminalStringsFor(language)).every((text) => text !== ""), language);
  }
  assert.equal(terminalStringsFor("xx").copy, "Copy");
});
