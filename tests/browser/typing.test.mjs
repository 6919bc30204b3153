/** What is typed in the browser arrives in an application on the remote. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { scene } from "./lib/scene.mjs";
import { TEST_MAX_MS, until } from "./lib/wait.mjs";

const GEOMETRY = "800x600";
const remote = scene({ geometry: GEOMETRY });

/** @type {(name: string, body: () => Promise<void>) => void} */
const check = (name, body) => {
  test(name, { timeout: TEST_MAX_MS }, body);
};

/** Opens a page beside a terminal that writes what is typed into a file. */
async function openTerminal() {
  const { display } = remote;
  const path = display.file(`typed-${Math.random()}`);
  const terminal = await display.terminal(`exec cat > '${path}'`);
  const { page, context } = await remote.open();
  // The keyboard belongs to the window under the pointer.
  await page.mouse.move(200, 200);
  const cdp = await context.newCDPSession(page);
  return {
    page,
    cdp,
    /** Waits for whole lines, since the terminal gives nothing before its end. */
    expect: async (/** @type {string} */ wanted) => {
      await page.keyboard.press("Enter");
      const read = () => readFileSync(path, "utf8");
      await until("typed text", () => read().includes("\n"), read);
      await until("typed text", () => read() === `${wanted}\n`, () => JSON.stringify(read()));
    },
    close: async () => {
      await context.close();
      await terminal.stop();
    },
  };
}

/** Opens a page beside a window that records keys and buttons. */
async function openRecorder() {
  const recorder = await remote.display.recorder(GEOMETRY);
  const { page, context } = await remote.open();
  await page.mouse.move(200, 200);
  const cdp = await context.newCDPSession(page);
  const close = async () => {
    await context.close();
    await recorder.stop();
  };
  return { recorder, page, cdp, close };
}

check("plain letters, shifted symbols and all else on a keyboard", async () => {
  const { page, expect, close } = await openTerminal();
  const text = "The quick brown fox, 0123456789 JUMPS! @#$%^&*()_+-={}[]|\\:;\"'<>?/~`.";
  await page.keyboard.type(text);
  await expect(text);
  await close();
});

check("a burst of keys keeps its order", async () => {
  const { page, expect, close } = await openTerminal();
  const text = "abcdefghijklmnopqrstuvwxyz0123456789".repeat(6);
  await page.keyboard.type(text);
  await expect(text);
  await close();
});

check("text that no key carries", async () => {
  const { page, expect, close } = await openTerminal();
  for (const text of ["é", "ü", "ß", "€", "żółw", "日本語", "Ωμέγα"]) {
    await page.keyboard.insertText(text);
  }
  await expect("éüß€żółw日本語Ωμέγα");
  await close();
});

check("Backspace, Tab and arrows are keys", async () => {
  const { recorder, page, close } = await openRecorder();
  const keysyms = { Backspace: "BackSpace", Tab: "Tab", ArrowLeft: "Left", F5: "F5", Escape: "Escape", PageDown: "Next" };
  for (const [key, keysym] of Object.entries(keysyms)) {
    recorder.clear();
    await page.keyboard.press(key);
    await recorder.next((event) => event.kind === "Key Release" && event.keysym === keysym);
    assert.deepEqual(recorder.events().map(({ kind }) => kind), ["Key Press", "Key Release"], key);
  }
  await close();
});

check("AltGr on a German keyboard", async () => {
  await remote.display.run("setxkbmap", ["de"]);
  const { cdp, expect, close } = await openTerminal();
  const altGraph = { code: "AltRight", key: "AltGraph", windowsVirtualKeyCode: 225, location: 2 };
  const press = async (/** @type {string} */ code, /** @type {string} */ key) => {
    await cdp.send("Input.dispatchKeyEvent", { type: "rawKeyDown", ...altGraph });
    await cdp.send("Input.dispatchKeyEvent", { type: "keyDown", code, key, text: key });
    await cdp.send("Input.dispatchKeyEvent", { type: "keyUp", code, key });
    await cdp.send("Input.dispatchKeyEvent", { type: "keyUp", ...altGraph });
  };
  await press("KeyQ", "@");
  await press("KeyE", "€");
  await press("Digit7", "{");
  await press("Minus", "\\");
  await expect("@€{\\");
  await close();
  await remote.display.run("setxkbmap", ["us"]);
});

check("a dead key is composed once, by the browser", async () => {
  const { cdp, expect, close } = await openTerminal();
  const dead = { code: "Quote", key: "Dead", windowsVirtualKeyCode: 222 };
  await cdp.send("Input.dispatchKeyEvent", { type: "rawKeyDown", ...dead });
  await cdp.send("Input.imeSetComposition", { text: "´", selectionStart: 1, selectionEnd: 1 });
  await cdp.send("Input.dispatchKeyEvent", { type: "keyUp", ...dead });
  await cdp.send("Input.insertText", { text: "á" });
  await expect("á");
  await close();
});

check("an input method sends what was chosen, and nothing before", async () => {
  const { page, cdp, expect, close } = await openTerminal();
  await page.keyboard.type("<");
  for (const text of ["k", "か", "かn", "かん", "かんじ", "漢字"]) {
    await cdp.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length });
  }
  await cdp.send("Input.insertText", { text: "漢字" });
  await page.keyboard.type(">");
  await expect("<漢字>");
  await close();
});

check("Ctrl+C interrupts", async () => {
  const { display } = remote;
  const path = display.file("interrupted");
  const terminal = await display.terminal(`trap 'echo interrupted > "${path}"' INT; while :; do sleep 0.1; done`);
  const { page, context } = await remote.open();
  await page.mouse.move(200, 200);
  await page.keyboard.press("Control+c");
  await terminal.until("interrupt", () => display.read(path) === "interrupted\n");
  await context.close();
  await terminal.stop();
});

check("what is held when the focus goes is let go", async () => {
  const { recorder, page, close } = await openRecorder();
  await page.keyboard.down("Shift");
  await page.keyboard.down("A");
  await recorder.next(({ kind, keysym }) => kind === "Key Press" && keysym === "A");
  await page.evaluate(() => {
    const host = document.querySelector("#screen .porthole-host");
    const focused = host?.shadowRoot?.activeElement;
    if (!(focused instanceof HTMLElement)) {
      throw new Error("the screen has no focus");
    }
    focused.blur();
  });
  await recorder.next(({ kind, keysym }) => kind === "Key Release" && /^a$/i.test(keysym));
  await recorder.next(({ kind, keysym }) => kind === "Key Release" && keysym === "Shift_L");
  await close();
});

check("what is held when the page goes is let go", async () => {
  const { recorder, page, close } = await openRecorder();
  await page.keyboard.down("Control");
  await recorder.next(({ kind, keysym }) => kind === "Key Press" && keysym === "Control_L");
  await page.goto("about:blank");
  await recorder.next(({ kind, keysym }) => kind === "Key Release" && keysym === "Control_L");
  await close();
});

check("the toolbar's keys", async () => {
  const recorder = await remote.display.recorder(GEOMETRY);
  const { page, context } = await remote.open("scale=native");
  await page.mouse.move(200, 200);
  await page.locator(".toolbar .handle").click();
  await page.locator(".toolbar").getByRole("button", { name: "Special keys" }).click();
  // The click moved the pointer, but the window under it is the same.
  await page.getByRole("button", { name: "Ctrl+Alt+Del" }).click();
  await recorder.next(({ kind, keysym }) => kind === "Key Release" && keysym === "Control_L");
  const pressed = recorder.events().filter(({ kind }) => kind === "Key Press").map(({ keysym }) => keysym);
  assert.deepEqual(pressed, ["Control_L", "Alt_L", "Delete"]);
  await context.close();
  await recorder.stop();
});
