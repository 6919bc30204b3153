/** Sound: what a session of xrdp's plays comes out of the page's audio, and what the page's microphone hears is recorded there. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { Gateway } from "./lib/gateway.mjs";
import { openBrowser, openPage, waitForState } from "./lib/page.mjs";
import { xrdp } from "./lib/rdp-servers.mjs";
import { sleep, TEST_MAX_MS, until } from "./lib/wait.mjs";

/** What xrdp plays and records: two channels of 16 bits. */
const RATE_HZ = 44_100;
const TONE_HZ = 1000;
/** Some of the tone: whole turns, so that it can be repeated. */
const PIECE_MS = 40;

/** @type {Awaited<ReturnType<typeof xrdp>>} */
let session;
/** @type {Gateway} */
let gateway;
/** @type {import("playwright-core").Browser} */
let browser;

before(async () => {
  session = await xrdp();
  const parameters = 'parameters = { enable-audio-input = true }\n';
  gateway = await Gateway.start({ desktop: { port: session.port, protocol: "rdp", more: session.connection + parameters } });
  browser = await openBrowser(["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]);
});

after(async () => {
  await browser?.close();
  await gateway?.stop();
  await session?.stop();
});

/** Where programs of the session leave sound, or fetch it, as seen from outside of its namespace. @param {"in" | "out"} way */
function socketPath(way) {
  const pid = session.program.pid;
  const inside = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ")[0];
  const number = session.display.env.DISPLAY.slice(1);
  return `/proc/${inside}/root/run/xrdp/sockdir/xrdp_chansrv_audio_${way}_socket_${number}`;
}

/** Connects to one of them, once it is there. @param {"in" | "out"} way */
async function open(way) {
  await until(`the socket for sound ${way}`, async () => existsSync(socketPath(way)));
  const socket = connect(socketPath(way));
  await once(socket, "connect");
  return socket;
}

/** A message as sound servers send it: samples of the tone. */
function piece() {
  const steps = (RATE_HZ * PIECE_MS) / 1000;
  const message = Buffer.alloc(8 + 4 * steps);
  message.writeUInt32LE(message.length, 4);
  for (let at = 0; at < steps; at++) {
    const sample = Math.round(12_000 * Math.sin((2 * Math.PI * TONE_HZ * at) / RATE_HZ));
    message.writeInt16LE(sample, 8 + 4 * at);
    message.writeInt16LE(sample, 10 + 4 * at);
  }
  return message;
}

/** Plays the tone until it is told to stop. */
async function play() {
  const socket = await open("out");
  const message = piece();
  const started = Date.now();
  let sent = 0;
  const timer = setInterval(() => {
    for (; sent * PIECE_MS < Date.now() - started; sent++) {
      socket.write(message);
    }
  }, 10);
  return () => {
    clearInterval(timer);
    socket.destroy();
  };
}

/** Lets the page's loudest frequency be asked for: everything that it plays goes through an analyser too. */
function tap() {
  const plain = AudioNode.prototype.connect;
  // @ts-expect-error One of several signatures, and the only one in use.
  AudioNode.prototype.connect = function connectAndTap(/** @type {AudioNode} */ to) {
    if (to === this.context.destination) {
      const analyser = new AnalyserNode(this.context, { fftSize: 8192, smoothingTimeConstant: 0 });
      plain.call(this, analyser);
      Object.assign(window, { analyser });
    }
    return plain.call(this, to);
  };
}

/** The loudest frequency that the page plays, in Hz, and how loud it is, in dB of full scale; null while nothing plays. */
function loudest() {
  const { analyser } = /** @type {{ analyser?: AnalyserNode }} */ (/** @type {unknown} */ (window));
  if (analyser === undefined || analyser.context.state !== "running") {
    return null;
  }
  const levels = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(levels);
  const at = levels.reduce((best, level, place) => (level > (levels[best] ?? -Infinity) ? place : best), 0);
  return { hz: (at * analyser.context.sampleRate) / analyser.fftSize, level: levels[at] ?? -Infinity };
}

test("what the session plays comes out of the page, until it is muted", { timeout: TEST_MAX_MS }, async () => {
  const { page, context, problems } = await openPage(browser, "about:blank");
  await page.addInitScript(tap);
  await page.goto(gateway.link(gateway.token()));
  await waitForState(page, "connected");
  await session.ready();
  await page.mouse.click(400, 300);
  const stop = await play();
  const heard = () => page.evaluate(loudest);
  const isTone = async () => {
    const found = await heard();
    return found !== null && Math.abs(found.hz - TONE_HZ) < 10 && found.level > -30;
  };
  await until("the tone", isTone, async () => JSON.stringify(await heard()));
  // It goes on without breaks: whenever one looks, the tone is there.
  let tones = 0;
  for (let look = 0; look < 20; look++) {
    await sleep(100);
    tones += (await isTone()) ? 1 : 0;
  }
  assert.ok(tones >= 15, `${tones} of 20`);

  const button = (/** @type {string} */ name) => page.getByRole("button", { name, exact: true });
  await button("Show or hide the toolbar").click();
  assert.equal(await button("Sound").getAttribute("aria-pressed"), "true");
  await button("Sound").click();
  assert.equal(await button("Sound").getAttribute("aria-pressed"), "false");
  await until("silence", async () => (await heard()) === null);
  await button("Sound").click();
  await until("the tone again", isTone, async () => JSON.stringify(await heard()));
  stop();
  assert.deepEqual(problems, []);
  await context.close();
});

test("the session records what the page's microphone hears, once its user wants", { timeout: TEST_MAX_MS }, async () => {
  const allow = ["input", "microphone"];
  const { page, context, problems } = await openPage(browser, gateway.link(gateway.token({ allow })), { permissions: ["microphone"] });
  await waitForState(page, "connected");
  await session.ready();
  /** @type {Buffer[]} */
  const answers = [];
  /** @type {import("node:net").Socket | undefined} */
  let socket;
  const ask = (/** @type {number} */ command, bytes = 0) =>
    socket?.write(Buffer.from([0, 0, 0, 0, 11, 0, 0, 0, command, bytes & 255, bytes >> 8]));
  const screen = page.locator(".porthole-host");
  // A channel server that changes hands from the session before forgets what it is asked meanwhile, and by whom.
  let askedAt = 0;
  await until("the wish to record", async () => {
    if (Date.now() - askedAt > 1000) {
      socket?.destroy();
      socket = await open("in").catch(() => undefined);
      socket?.on("error", () => {});
      socket?.on("data", (data) => answers.push(data));
      ask(1);
      askedAt = Date.now();
    }
    return (await screen.getAttribute("data-microphone")) === "wanted";
  });
  const button = (/** @type {string} */ name) => page.getByRole("button", { name, exact: true });
  await button("Show or hide the toolbar").click();
  assert.equal(await button("Sound").isVisible(), false);
  await button("Microphone").click();
  await until("the microphone", async () => (await screen.getAttribute("data-microphone")) === "on");

  // Chromium's made-up microphone beeps.
  const loud = () => {
    const all = Buffer.concat(answers);
    let loudest = 0;
    for (let at = 0; at + 2 <= all.length;) {
      const length = all.readUInt16LE(at);
      for (let sample = at + 2; sample + 2 <= Math.min(at + 2 + length, all.length); sample += 2) {
        loudest = Math.max(loudest, Math.abs(all.readInt16LE(sample)));
      }
      at += 2 + length;
    }
    return loudest;
  };
  await until("a beep", async () => {
    ask(3, 8192);
    return loud() > 1000;
  }, async () => `${loud()}`);

  ask(2);
  await until("the end", async () => (await screen.getAttribute("data-microphone")) === "off");
  assert.equal(await button("Microphone").isVisible(), false);
  socket?.destroy();
  assert.deepEqual(problems, []);
  await context.close();
});
