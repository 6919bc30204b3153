/** A shell on a real OpenSSH server, drawn by the page. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Gateway } from "./lib/gateway.mjs";
import { canvasBox, openBrowser, openPage, waitForState, watchStates } from "./lib/page.mjs";
import { Wire } from "./lib/sockets.mjs";
import { sshd } from "./lib/ssh-server.mjs";
import { TERMINAL_FLAGS, terminalRows, waitForText } from "./lib/terminal.mjs";
import { TEST_MAX_MS, until } from "./lib/wait.mjs";

/** @type {import("./lib/ssh-server.mjs").SshServer} */
let server;
/** @type {Gateway} */
let gateway;
/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Wire} */
let wire;
let origin = "";

before(async () => {
  server = await sshd();
  gateway = await Gateway.start({ shell: { port: server.port, protocol: "ssh", more: server.connection } });
  wire = new Wire(gateway.port);
  origin = `http://127.0.0.1:${await wire.listen()}`;
  browser = await openBrowser(TERMINAL_FLAGS);
});

after(async () => {
  await browser?.close();
  wire?.stop();
  await gateway?.stop();
  await server?.stop();
});

/** @type {(name: string, body: () => Promise<void>) => void} */
const check = (name, body) => {
  test(name, { timeout: TEST_MAX_MS }, body);
};

/**
 * Opens a shell in a page of its own and waits for its prompt.
 *
 * @param {{ query?: string } & Parameters<typeof openPage>[2]} [options]
 */
async function open({ query = "", ...options } = {}) {
  const opened = await openPage(browser, gateway.link(gateway.token({ connection: "shell" }), query, origin), options);
  await waitForState(opened.page, "connected");
  await waitForText(opened.page, /^\$/m);
  const type = async (/** @type {string} */ line) => {
    await opened.page.keyboard.type(line);
    await opened.page.keyboard.press("Enter");
  };
  return { ...opened, type };
}

check("a command and what it answers", async () => {
  const { page, context, problems, type } = await open();
  await type("echo $((6 * 7)) on $TERM");
  await waitForText(page, /^42 on \S+$/m);
  await type("printf '\\033]0;A title\\007'");
  await until("title", async () => (await page.title()) === "A title");
  await type("exit");
  await waitForState(page, "closed");
  assert.deepEqual(problems, []);
  assert.deepEqual(gateway.faults(), []);
  await context.close();
});

check("an editor writes a file", async () => {
  const { page, context, type } = await open();
  await type("vim -u NONE -N note.txt");
  await waitForText(page, /^"note\.txt"/m);
  await page.keyboard.type("ihello from the page");
  await page.keyboard.press("Enter");
  await page.keyboard.type("zweite Zeile: äöü 日本");
  await page.keyboard.press("Escape");
  await type(":wq");
  await until("the file", () => {
    try {
      return readFileSync(`${server.home}/note.txt`, "utf8") === "hello from the page\nzweite Zeile: äöü 日本\n";
    } catch {
      return false;
    }
  });
  // What is typed while it leaves goes nowhere.
  await waitForText(page, /note\.txt\n(.*\n)*\$(\n|$)/);
  await type("echo back again");
  await waitForText(page, /^back again$/m);
  await context.close();
});

check("htop draws and leaves", async () => {
  const { page, context, type } = await open();
  await type("htop");
  await waitForText(page, /PID.*USER/);
  await page.keyboard.press("q");
  await waitForText(page, /htop\n(.*\n)*\$(\n|$)/);
  await type("echo left");
  await waitForText(page, /^left$/m);
  await context.close();
});

check("tmux splits its window", async () => {
  const { page, context, type } = await open();
  await type("tmux -L porthole-$$ -f /dev/null");
  await waitForText(page, /\[0\].*bash/);
  await page.keyboard.press("Control+b");
  await page.keyboard.type("%");
  await until("a line between the halves", async () => (await terminalRows(page)).filter((row) => row.includes("│")).length > 10, async () => (await terminalRows(page)).join("\n"));
  await type("echo right side");
  await waitForText(page, /│.*right side/);
  await type("tmux kill-server");
  await waitForText(page, /exited/);
  await context.close();
});

check("the remote has the window's size", async () => {
  const { page, context, type } = await open();
  const told = async (/** @type {string} */ when) => {
    await type(`echo ${when} $(stty size)`);
    const rows = await waitForText(page, new RegExp(`^${when} \\d+ \\d+$`, "m"));
    const [, high = 0, wide = 0] = (rows.findLast((row) => row.startsWith(when)) ?? "").split(" ").map(Number);
    return { rows, high, wide };
  };
  const first = await told("first");
  assert.equal(first.high, first.rows.length);
  await page.setViewportSize({ width: 1100, height: 800 });
  await until("more rows", async () => (await terminalRows(page)).length > first.rows.length);
  const second = await told("second");
  assert.equal(second.high, second.rows.length);
  assert.ok(second.wide > first.wide, `${first.wide} columns, then ${second.wide}`);
  await context.close();
});

check("wide characters, emoji and marks take their places", async () => {
  const { page, context, type } = await open();
  writeFileSync(`${server.home}/signs`, "日本語|\n👍👩|\ne\u0301a\u0308|\nΩж|\n");
  await type("clear; cat signs");
  const rows = await waitForText(page, /^Ωж\|$/m);
  for (const wanted of ["日本語|", "👍👩|", "e\u0301a\u0308|"]) {
    assert.ok(rows.includes(wanted), rows.join("\n"));
  }
  await context.close();
});

check("a cut wire in the middle of top", async () => {
  const { page, context, type } = await open();
  const sessions = gateway.sessionsOpened;
  await type("top -d 0.3");
  await waitForText(page, /PID.*COMMAND/);
  for (let cut = 0; cut < 3; cut++) {
    const states = await watchStates(page);
    wire.cut();
    wire.mend();
    await until("reconnection", async () => (await states()).join() === "reconnecting,connected", states);
    const clock = (/** @type {readonly string[]} */ rows) => /\d\d:\d\d:\d\d/.exec(rows[0] ?? "")?.[0] ?? "";
    const then = clock(await waitForText(page, /PID.*COMMAND/));
    await until("top goes on", async () => clock(await terminalRows(page)) !== then);
  }
  await page.keyboard.press("q");
  await waitForText(page, /\n\$(\n|$)/);
  await type("echo done");
  await waitForText(page, /^done$/m);
  assert.equal(gateway.sessionsOpened, sessions);
  await context.close();
});

check("a reload comes back to the shell", async () => {
  const { page, context, type } = await open();
  await type("echo kept");
  await waitForText(page, /^kept$/m);
  await page.reload();
  await waitForState(page, "connected");
  await waitForText(page, /^kept$/m);
  await type("echo and $((1 + 1))");
  await waitForText(page, /^and 2$/m);
  await context.close();
});

check("several lines are shown before they are pasted", async () => {
  const { page, context, type } = await open({ permissions: ["clipboard-read", "clipboard-write"] });
  // The shell takes pastes as such, and this program does not; it is there when it repeats what it is told. What
  // the shell still had of that before it let go of the terminal would come apart from the rest.
  await type("echo $((1 + 1)); exec cat");
  await waitForText(page, /^2$/m);
  await type("ready");
  await waitForText(page, /ready\nready/);
  await page.evaluate(() => navigator.clipboard.writeText("first line\nsecond line\n"));
  await page.keyboard.press("Control+Shift+v");
  const dialog = page.getByRole("dialog", { name: "Paste several lines?" });
  await dialog.getByRole("button", { name: "Paste" }).click();
  // The echo may come before what the program repeats, or line by line between.
  await waitForText(page, /second line\n(.*\n)*second line/);
  await page.keyboard.press("Control+d");
  await waitForState(page, "closed");
  await context.close();
});

check("what a program copies reaches the clipboard", async () => {
  const { page, context, type } = await open({ permissions: ["clipboard-read", "clipboard-write"] });
  await type(`printf '\\033]52;c;%s\\007' "$(printf 'from the shell' | base64)"`);
  await until("the clipboard", async () => (await page.evaluate(() => navigator.clipboard.readText())) === "from the shell");
  await context.close();
});

check("a flood of text ends with Ctrl-C", async () => {
  const { page, context, type } = await open();
  await type("yes a flood of text");
  await waitForText(page, /(a flood of text\n){10}/);
  await page.keyboard.press("Control+c");
  // What was drawn of the last line may stay behind the mark: the terminal throws away the rest.
  await waitForText(page, /\^C.*\n\$$/);
  await type("echo and dry land");
  await waitForText(page, /^and dry land$/m);
  assert.deepEqual(gateway.faults(), []);
  await context.close();
});

check("search finds what has left the screen", async () => {
  const { page, context, type } = await open();
  await type("seq -f 'number %g' 1 300");
  await waitForText(page, "number 300");
  await page.keyboard.press("Control+Shift+f");
  const bar = page.getByRole("search");
  await bar.getByRole("textbox").fill("number 17");
  await bar.getByText("11 of 11").waitFor();
  await waitForText(page, "number 179");
  await context.close();
});

check("screen readers get the rows", async () => {
  const { page, context, type } = await open();
  await page.locator(".toolbar .handle").click();
  await page.locator(".toolbar").getByRole("button", { name: "Terminal" }).click();
  await page.getByLabel("For screen readers").check();
  await page.locator(".toolbar .handle").click();
  await type("echo readable");
  await page.getByRole("listitem").filter({ hasText: /^readable$/ }).waitFor({ state: "attached" });
  await context.close();
});

check("keys of a phone", async () => {
  const { page, context } = await open({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 700 } });
  await page.locator(".xterm-screen").tap();
  await page.keyboard.type("sh -c 'echo up; read line'");
  await page.keyboard.press("Enter");
  // A shell on its way to another program may miss an interrupt: this one stays.
  await waitForText(page, /^up$/m);
  const bar = page.getByRole("toolbar", { name: "Keys" });
  await bar.getByRole("button", { name: "Ctrl" }).tap();
  await page.keyboard.type("c");
  await waitForText(page, /\^C\n\$/);
  await bar.getByRole("button", { name: "↑" }).tap();
  await waitForText(page, /\^C\n\$ sh -c/);
  await context.close();
});

check("a picture, where that is wanted", async () => {
  const opened = await openPage(browser, gateway.link(gateway.token({ connection: "shell" }), "terminal=picture", origin));
  const { page, context, problems } = opened;
  await waitForState(page, "connected");
  await until("a picture", async () => (await canvasBox(page)).width > 100);
  assert.deepEqual(await terminalRows(page), []);
  await page.keyboard.type("echo typed > picture.txt");
  await page.keyboard.press("Enter");
  await until("the file", () => {
    try {
      return readFileSync(`${server.home}/picture.txt`, "utf8") === "typed\n";
    } catch {
      return false;
    }
  });
  assert.deepEqual(problems, []);
  await context.close();
});
