/**
 * The link's WebSocket: opens it, says hello, notices when it dies, and brings the session back.
 *
 * One link owns one socket at a time. It decodes messages and hands the records on; it knows nothing
 * of canvases. Timers here never depend on animation frames, which stop in hidden tabs.
 */

import { encodeCommand, type Command, type Resume } from "../wire/command.js";
import { decodeMessages, type ErrorMessage, type Message } from "../wire/message.js";
import type { Bytes } from "../wire/reader.js";
import { retryDelayMs } from "./backoff.js";
import { Heartbeat, TICK_MS } from "./heartbeat.js";
import type { Failure, LinkState, Start, Wish } from "./reports.js";

/** How long to try while no Welcome has said how long the session lives, in milliseconds. */
const LINGER_UNKNOWN_MS = 10_000;
/** Longest wait for a socket to open and for its Welcome, in milliseconds. */
const OPEN_MAX_MS = 10_000;
/** The subprotocol that carries the token allows these characters only (RFC 9110 §5.6.2). */
const TOKEN_SHAPE = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
/** WebSocket close codes are 4000 plus the error's category. */
const CLOSE_CODE_BASE = 4000;

/** What a link tells its owner. */
export interface LinkListener {
  state(state: LinkState, failure: Failure | null): void;
  /** A new socket begins: what was drawn and not acknowledged is void. */
  opened(): void;
  /** A record that the link does not deal with itself. `arrivedMs` is when its message came. */
  record(message: Message, arrivedMs: number): void;
  latency(latencyMs: number): void;
}

/** Keeps one session's socket alive. */
export class Link {
  readonly #listener: LinkListener;
  readonly #url: string;
  readonly #token: string;
  readonly #viewOnly: boolean;
  #state: LinkState = "connecting";
  #wish: Wish;
  #resume: Resume | null;
  #visible: boolean;
  #quality: number;
  #lingerMs = LINGER_UNKNOWN_MS;
  #socket: WebSocket | null = null;
  #heartbeat: Heartbeat | null = null;
  #welcomed = false;
  #attempt = 0;
  #lostMs: number;
  #lastFailure: Failure | null = null;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #openTimer: ReturnType<typeof setTimeout> | undefined;
  #tickTimer: ReturnType<typeof setInterval> | undefined;

  constructor(start: Start, listener: LinkListener) {
    this.#listener = listener;
    this.#url = start.url;
    this.#token = start.token;
    this.#viewOnly = start.viewOnly;
    this.#wish = start.wish;
    this.#resume = start.resume;
    this.#visible = start.visible;
    this.#quality = start.quality;
    this.#lostMs = performance.now();
  }

  /** Opens the first socket. Call it once. */
  start(): void {
    if (!TOKEN_SHAPE.test(this.#token)) {
      this.#finish("failed", { category: 1, cause: "token_invalid", message: "" });
      return;
    }
    this.#listener.state(this.#state, null);
    this.#open();
  }

  /** Sends a command, or drops it while there is no session: what it meant is past by then. */
  send(command: Command): void {
    switch (command.kind) {
      case "resize":
        // Not the command itself: its kind has no place in a later Hello.
        this.#wish = { width: command.width, height: command.height, scalePercent: command.scalePercent };
        break;
      case "quality":
        this.#quality = command.mode;
        break;
      case "key":
      case "text":
      case "pointer":
      case "wheel":
        this.#heartbeat?.input(performance.now());
        break;
      case "hello":
      case "ack":
      case "releaseAll":
      case "clipboard":
      case "ping":
      case "visible":
      case "repaint":
        break;
    }
    if (this.#welcomed) {
      this.#transmit(command);
    }
  }

  /** The page is hidden or shown again. */
  setVisible(visible: boolean): void {
    this.#visible = visible;
    this.send({ kind: "visible", visible });
  }

  /** The network or the page is back: try at once, or find out whether the socket still lives. */
  wake(): void {
    if (this.#retryTimer !== undefined) {
      this.#open();
    } else if (this.#welcomed && this.#heartbeat !== null) {
      this.#heartbeat.probe();
      this.#ping(this.#heartbeat);
    }
  }

  /** The first frame since Welcome is on the canvas. */
  painted(): void {
    if (this.#welcomed) {
      // Only now: a gateway that welcomes and then drops us must not be hammered.
      this.#attempt = 0;
      this.#setState("connected", null);
    }
  }

  /** Ends the session's link for good. */
  stop(): void {
    if (!this.#isOver()) {
      this.#finish("closed", null);
    }
  }

  /** Ends the link because the gateway broke the protocol. */
  fail(reason: string): void {
    this.#finish("failed", { category: 6, cause: "protocol", message: reason });
  }

  #open(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    let socket: WebSocket;
    try {
      socket = new WebSocket(this.#url, ["porthole.v1", `porthole.token.${this.#token}`]);
    } catch (error) {
      const message = error instanceof Error ? error.message : "";
      this.#finish("failed", { category: 2, cause: "address_invalid", message });
      return;
    }
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#listener.opened();
    socket.onopen = () => {
      this.#greet();
    };
    socket.onmessage = (event: MessageEvent<unknown>) => {
      this.#receive(event.data);
    };
    socket.onclose = () => {
      this.#lose();
    };
    this.#openTimer = setTimeout(() => {
      this.#lose();
    }, OPEN_MAX_MS);
  }

  #greet(): void {
    this.#transmit({ kind: "hello", features: 0, ...this.#wish, viewOnly: this.#viewOnly, resume: this.#resume });
  }

  #receive(data: unknown): void {
    const arrivedMs = performance.now();
    this.#heartbeat?.heard(arrivedMs);
    if (!(data instanceof ArrayBuffer)) {
      this.fail("a message was not binary");
      return;
    }
    try {
      for (const message of decodeMessages(new Uint8Array(data))) {
        this.#handle(message, arrivedMs);
        if (this.#socket === null) {
          return;
        }
      }
    } catch (error) {
      this.fail(error instanceof Error ? error.message : "a message could not be read");
    }
  }

  #handle(message: Message, arrivedMs: number): void {
    if (message.kind === "error") {
      this.#handleError(message);
    } else if (message.kind === "pong") {
      const latencyMs = this.#heartbeat?.ponged(message.token, arrivedMs) ?? null;
      if (latencyMs !== null) {
        this.#listener.latency(latencyMs);
      }
    } else if (message.kind === "welcome" && this.#welcomed) {
      this.fail("welcome came twice");
    } else if (message.kind === "welcome") {
      this.#handleWelcome(message.session, message.secret, message.lingerMs, arrivedMs);
      this.#listener.record(message, arrivedMs);
    } else if (!this.#welcomed) {
      this.fail(`a ${message.kind} record came before welcome`);
    } else {
      this.#listener.record(message, arrivedMs);
    }
  }

  #handleWelcome(session: Bytes, secret: Bytes, lingerMs: number, nowMs: number): void {
    clearTimeout(this.#openTimer);
    // Copies: the views would keep the whole message, and its first frame, in memory.
    this.#resume = { session: session.slice(), secret: secret.slice() };
    this.#lingerMs = lingerMs;
    this.#welcomed = true;
    this.#lastFailure = null;
    const heartbeat = new Heartbeat(nowMs);
    this.#heartbeat = heartbeat;
    this.#tickTimer = setInterval(() => {
      this.#tick(heartbeat);
    }, TICK_MS);
    if (!this.#visible) {
      this.#transmit({ kind: "visible", visible: false });
    }
    if (this.#quality !== 0) {
      this.#transmit({ kind: "quality", mode: this.#quality });
    }
    this.#ping(heartbeat);
  }

  #handleError(error: ErrorMessage): void {
    const failure: Failure = { category: error.category, cause: error.cause, message: error.message };
    if (error.retry) {
      this.#lastFailure = failure;
      this.#lose();
    } else {
      this.#finish(error.category === 7 ? "closed" : "failed", failure);
    }
  }

  #tick(heartbeat: Heartbeat): void {
    switch (heartbeat.tick(performance.now())) {
      case "nothing":
        break;
      case "ping":
        this.#ping(heartbeat);
        break;
      case "lost":
        this.#lose();
        break;
    }
  }

  #ping(heartbeat: Heartbeat): void {
    this.#transmit({ kind: "ping", token: heartbeat.pinged(performance.now()) });
  }

  /** The socket is gone, or as good as gone: plan the next one, or give up. */
  #lose(): void {
    const nowMs = performance.now();
    if (this.#welcomed) {
      this.#lostMs = nowMs;
    }
    this.#drop(1000);
    if (nowMs - this.#lostMs >= this.#lingerMs) {
      const cause = this.#resume === null ? "gateway_unreachable" : "connection_lost";
      this.#finish("failed", this.#lastFailure ?? { category: 0, cause, message: "" });
      return;
    }
    this.#setState(this.#resume === null ? "connecting" : "reconnecting", this.#lastFailure);
    const delayMs = retryDelayMs(this.#attempt, Math.random());
    this.#attempt += 1;
    this.#retryTimer = setTimeout(() => {
      this.#open();
    }, delayMs);
  }

  #finish(state: "closed" | "failed", failure: Failure | null): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#drop(failure === null ? 1000 : CLOSE_CODE_BASE + failure.category);
    this.#setState(state, failure);
  }

  /** Lets go of the socket at once: closing one whose network is gone would take minutes. */
  #drop(code: number): void {
    clearTimeout(this.#openTimer);
    clearInterval(this.#tickTimer);
    const socket = this.#socket;
    this.#socket = null;
    this.#heartbeat = null;
    this.#welcomed = false;
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close(code);
    }
  }

  #transmit(command: Command): void {
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(encodeCommand(command));
    }
  }

  #setState(state: LinkState, failure: Failure | null): void {
    if (!this.#isOver() && (state !== this.#state || failure !== null)) {
      this.#state = state;
      this.#listener.state(state, failure);
    }
  }

  #isOver(): boolean {
    return this.#state === "closed" || this.#state === "failed";
  }
}
