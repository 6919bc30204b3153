/** What the connection lacks, the page asks for; what was typed wrong, it asks for again. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Gateway } from "./lib/gateway.mjs";
import { openBrowser, openPage, waitForState } from "./lib/page.mjs";
import { tigervnc } from "./lib/servers.mjs";
import { TEST_MAX_MS } from "./lib/wait.mjs";

const PASSWORD = "secret12";

/** @type {Gateway} */
let gateway;
/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("./lib/servers.mjs").VncServer} */
let server;

before(async () => {
  server = await tigervnc("320x240", { password: PASSWORD });
  gateway = await Gateway.start({ desktop: server.port, login: { port: server.port, more: 'username = "ada"' } });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await gateway?.stop();
  await server?.stop();
});

test("a missing password is asked for until it is right", { timeout: TEST_MAX_MS }, async () => {
  const { page, context } = await openPage(browser, gateway.link(gateway.token()));
  const password = page.getByLabel("Password");
  await password.waitFor();
  assert.equal(await page.getByLabel("User name").count(), 0, "VNC's own sign-in has no user");
  // The field has the focus: nothing is to be clicked.
  await page.keyboard.type("wrong");
  await page.keyboard.press("Enter");
  const reason = page.getByRole("alert");
  await reason.waitFor();
  assert.match(await reason.innerText(), /authentication failed/);
  assert.equal(await password.inputValue(), "");
  await password.fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await waitForState(page, "connected");
  assert.equal(await password.count(), 0);
  await context.close();
  assert.deepEqual(gateway.faults(), []);
  assert.ok(!gateway.log.includes(PASSWORD), "the log tells no password");
});

test("a question outlives its connection", { timeout: TEST_MAX_MS }, async () => {
  const { page, context } = await openPage(browser, gateway.link(gateway.token({ connection: "login" })));
  const password = page.getByLabel("Password");
  await password.waitFor();
  await page.reload();
  await password.waitFor();
  await password.fill(PASSWORD);
  await password.press("Enter");
  await waitForState(page, "connected");
  await context.close();
  assert.deepEqual(gateway.faults(), []);
});

test("who may only watch is not asked", { timeout: TEST_MAX_MS }, async () => {
  const { page, context } = await openPage(browser, gateway.link(gateway.token({ allow: ["clipboard-out"] })));
  assert.deepEqual(await waitForState(page, ["failed", "closed"]), { state: "failed", cause: "credentials_missing" });
  await context.close();
});
