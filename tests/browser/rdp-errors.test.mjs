/** What goes wrong with an RDP desktop: who may not sign in, whose certificate is not good, and a server that dies. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Gateway } from "./lib/gateway.mjs";
import { openBrowser, openPage, waitForPicture, waitForState } from "./lib/page.mjs";
import * as pictures from "./lib/pictures.mjs";
import { LOGIN, shadow, xrdp } from "./lib/rdp-servers.mjs";
import { TEST_MAX_MS } from "./lib/wait.mjs";

const LINES = `username = "${LOGIN.user}"\npassword = "${LOGIN.password}"\n`;

/** @type {import("./lib/rdp-servers.mjs").RdpServer} */
let nla;
/** @type {Awaited<ReturnType<typeof xrdp>>} */
let expired;
/** @type {Gateway} */
let gateway;
/** @type {import("playwright-core").Browser} */
let browser;

before(async () => {
  // One after the other: if one fails, the other is known, and stopped.
  nla = await shadow("800x600", { login: LOGIN });
  expired = await xrdp({ days: -1 });
  const rdp = { protocol: "rdp" };
  gateway = await Gateway.start({
    // Pictures that are to be exact, without the graphics pipeline's losses.
    asks: { ...rdp, port: nla.port, more: `${nla.connection}parameters.disable-gfx = true\n` },
    wrong: { ...rdp, port: nla.port, more: `username = "${LOGIN.user}"\npassword = "no-secret"\n${nla.connection}` },
    unknown: { ...rdp, port: nla.port, more: LINES },
    unpinned: { ...rdp, port: nla.port, more: `${LINES}tls = { verify = "pin", pins = ["${"ab".repeat(32)}"] }\n` },
    expired: { ...rdp, port: expired.port, more: expired.connection },
  });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await gateway?.stop();
  await Promise.all([nla?.stop(), expired?.stop()]);
});

test("network level authentication asks until the password is right", { timeout: TEST_MAX_MS }, async () => {
  const picture = pictures.text(800, 600);
  await nla.display.paint(picture);
  const link = gateway.link(gateway.token({ connection: "asks" }), "scale=native");
  const { page, context } = await openPage(browser, link);
  const user = page.getByLabel("User name");
  const password = page.getByLabel("Password");
  await user.fill(LOGIN.user);
  await password.fill("wrong");
  await page.keyboard.press("Enter");
  const reason = page.getByRole("alert");
  await reason.waitFor();
  assert.match(await reason.innerText(), /log-on failed/);
  assert.equal(await password.inputValue(), "");
  // Whoever mistyped the one need not type the other again.
  if (await user.inputValue() === "") {
    await user.fill(LOGIN.user);
  }
  await password.fill(LOGIN.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await waitForState(page, "connected");
  await waitForPicture(page, picture);
  await context.close();
  assert.deepEqual(gateway.faults(), []);
  assert.ok(!gateway.log.includes(LOGIN.password), "the log tells no password");
});

const POLICY = "This connection is not allowed";
const REFUSALS = {
  "a password that is wrong": { connection: "wrong", cause: "authentication_failed", title: "The remote computer refused the sign-in", message: /password|authentication/i },
  "a certificate that nobody knows": { connection: "unknown", cause: "tls_unknown_issuer", title: POLICY, message: /certificate/ },
  "a certificate that is not the pinned one": { connection: "unpinned", cause: "tls_not_pinned", title: POLICY, message: /certificate/ },
  "a certificate that has expired": { connection: "expired", cause: "tls_expired", title: "The remote computer cannot be shown", message: /expired/ },
};

for (const [name, { connection, cause, title, message }] of Object.entries(REFUSALS)) {
  test(name, { timeout: TEST_MAX_MS }, async () => {
    const { page, context } = await openPage(browser, gateway.link(gateway.token({ connection })));
    assert.deepEqual(await waitForState(page, ["failed", "closed"]), { state: "failed", cause });
    await page.getByRole("heading", { name: title, exact: true }).waitFor();
    const words = await page.getByRole("alert").innerText();
    assert.match(words, new RegExp(cause));
    assert.match(words, message);
    await context.close();
    assert.deepEqual(gateway.faults(), []);
  });
}

test("a server that is killed while it draws", { timeout: TEST_MAX_MS }, async () => {
  const dying = await shadow("800x600");
  const other = await Gateway.start({ desktop: { port: dying.port, protocol: "rdp", more: LINES + dying.connection } });
  try {
    const { page, context } = await openPage(browser, other.link(other.token()));
    await waitForState(page, "connected");
    // It never rests, so that it dies in the middle of something.
    dying.display.start("sh", ["-c", "while :; do xsetroot -solid '#123456'; xsetroot -gray; done"]);
    await page.waitForTimeout(500);
    await dying.program.stop("SIGKILL");
    const { cause } = await waitForState(page, ["failed", "closed"]);
    assert.match(cause ?? "", /^[a-z_]+$/);
    const words = await page.getByRole("alert").innerText();
    assert.match(words, /connection|remote/i);
    await context.close();
    assert.deepEqual(other.faults(), []);
  } finally {
    await other.stop();
    await dying.stop();
  }
});
