/**
 * The link: says hello, notices when the gateway falls silent, and brings the session back.
 *
 * One socket, the current one, carries the session. Others are attempts until their Welcome comes; the last to be
 * welcomed is the current one, because the gateway closes the one before. Attempts follow a loss, and a silence that
 * may become one: then they run beside the current socket, and are dropped if it speaks again. A browser lets one
 * WebSocket at a time connect to a host, so an attempt that does not connect soon makes room for the next.
 *
 * The link decodes messages and hands the records on; it knows nothing of canvases. Timers here never depend on
 * animation frames, which stop in hidden tabs.
 */

import type { Command, Hello, Resume } from "../wire/command.js";
import { FEATURE, type ErrorMessage, type Message, type WelcomeMessage } from "../wire/message.js";
import { Attempts } from "./attempts.js";
import { connectMaxMs, retryDelayMs } from "./backoff.js";
import { Heartbeat, Network } from "./heartbeat.js";
import { isInput } from "./outgoing.js";
import type { Failure, LinkState, Start, Wish } from "./reports.js";
import { LinkSocket, type Offer, type SocketListener } from "./socket.js";

/** How long to try while no Welcome has said how long the session lives, in milliseconds. */
const LINGER_UNKNOWN_MS = 10_000;
/** Longest wait for a socket to open and for its Welcome, in milliseconds. */
const OPEN_MAX_MS = 10_000;
/** The same for the Welcome of one that comes back, before another is tried: this, or so many round trips. */
const WELCOME_MIN_MS = 1_000;
const WELCOME_ROUND_TRIPS = 8;
/** How long the first request waits to say Hello too, in milliseconds. */
const READY_MAX_MS = 20;
/** Most attempts at a time. */
const ATTEMPTS_MAX = 3;
/** The subprotocol that carries the token allows these characters only (RFC 9110 §5.6.2). */
const TOKEN_SHAPE = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
/** WebSocket close codes are 4000 plus the error's category. */
const CLOSE_CODE_BASE = 4000;

/** What a link tells its owner. */
export interface LinkListener {
  /** Resolves once `offer` may be asked. */
  readonly ready: Promise<void>;
  state(state: LinkState, failure: Failure | null): void;
  /** What the next Hello says about the picture. */
  offer(): Offer;
  /** A new socket carries the session: what was drawn and not acknowledged is void. `offer` is what its Hello said. */
  welcomed(welcome: WelcomeMessage, offer: Offer): void;
  /** A message of `bytes` came. */
  received(bytes: number): void;
  /** A record that the link does not deal with itself. `arrivedMs` is when its message came. */
  record(message: Message, arrivedMs: number): void;
  latency(latencyMs: number): void;
}

/** Keeps one session's socket alive. */
export class Link {
  readonly #listener: LinkListener;
  readonly #start: Start;
  readonly #network = new Network();
  readonly #sockets: SocketListener = {
    opened: (socket) => {
      void this.#listener.ready.then(() => {
        // Its request may have said Hello.
        if (this.#attempts.has(socket) && socket.offer === null) {
          this.#greet(socket);
        }
      });
    },
    received: (socket, records, bytes, arrivedMs) => {
      this.#listener.received(bytes);
      this.#receive(socket, records, arrivedMs);
    },
    broken: (_socket, reason) => {
      this.fail(reason);
    },
    closed: (socket) => {
      if (socket === this.#current) {
        this.#lose();
      } else {
        this.#attemptFailed(socket);
      }
    },
  };
  #state: LinkState = "connecting";
  #wish: Wish;
  #resume: Resume | null;
  #visible: boolean;
  #quality: number;
  #lingerMs = LINGER_UNKNOWN_MS;
  #current: LinkSocket | null = null;
  #heartbeat: Heartbeat | null = null;
  /** Whether a frame of the current socket is on the canvas. */
  #isShown = false;
  readonly #attempts = new Attempts();
  /** The picture's age in the first Hello that came back with the present secret: the gateway may go on from there only. */
  #offeredAge: number | null = null;
  /** Attempts since a frame was shown, and waits between them. */
  #tries = 0;
  #failures = 0;
  #lostMs: number;
  #lastFailure: Failure | null = null;
  #tickTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(start: Start, listener: LinkListener) {
    this.#listener = listener;
    this.#start = start;
    this.#wish = start.wish;
    this.#resume = start.resume;
    this.#visible = start.visible;
    this.#network.hidden = !start.visible;
    this.#quality = start.quality;
    this.#lostMs = performance.now();
  }

  /** Opens the first socket, at once or very soon. Call it once. */
  start(): void {
    if (!TOKEN_SHAPE.test(this.#start.token)) {
      this.#finish("failed", { category: 1, cause: "token_invalid", message: "" });
      return;
    }
    this.#listener.state(this.#state, null);
    void this.#openFirst();
  }

  /** Sends a command, or drops it while there is no session: what it meant is past by then. */
  send(command: Command): void {
    if (command.kind === "resize") {
      // Not the command itself: its kind has no place in a later Hello.
      this.#wish = { width: command.width, height: command.height, scalePercent: command.scalePercent };
    } else if (command.kind === "quality") {
      this.#quality = command.mode;
    } else if (isInput(command)) {
      this.#heartbeat?.expect(performance.now());
    }
    this.#current?.send(command);
  }

  /** The page is hidden or shown again. */
  setVisible(visible: boolean): void {
    this.#visible = visible;
    this.#network.hidden = !visible;
    this.send({ kind: "visible", visible });
  }

  /** The network or the page is back: try at once, or find out whether the socket still lives. */
  wake(): void {
    if (this.#heartbeat !== null) {
      this.#heartbeat.probe();
      this.#ping(this.#heartbeat);
    } else if (!this.#isOver()) {
      // An attempt that comes back may be broken off; the first one may have spent its token.
      this.#attempts.drop(({ isOpen }) => !isOpen && this.#resume !== null);
      if (this.#attempts.count === 0) {
        this.#open();
      }
    }
  }

  /** A frame of the current socket is on the canvas. */
  painted(): void {
    if (this.#current !== null) {
      // Only now: a gateway that welcomes and then drops us must not be hammered.
      this.#tries = this.#failures = 0;
      this.#isShown = true;
      if (this.#heartbeat?.isSilent(performance.now()) === false) {
        this.#setState("connected", null);
      }
    }
  }

  /** Begins a new socket for the session, because the picture cannot go on. */
  renew(): void {
    if (!this.#isOver()) {
      this.#attempts.drop(() => true);
      this.#lose();
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

  /**
   * A session's first request says Hello as well, which saves a round trip. What comes back waits until its socket is
   * open: only then is it certain which picture it means, and its secret has no place in a request's head.
   */
  async #openFirst(): Promise<void> {
    const ready = this.#listener.ready.then(() => true);
    const late = new Promise<boolean>((done) => setTimeout(done, READY_MAX_MS, false));
    const isReady = await Promise.race([ready, late]);
    if (!this.#isOver() && this.#attempts.count === 0) {
      this.#open(isReady && this.#resume === null);
    }
  }

  /** Starts an attempt, and the time it may take. */
  #open(saysHello = false): void {
    this.#attempts.rest();
    const { url, token } = this.#start;
    let socket: LinkSocket;
    try {
      const offer = saysHello ? this.#listener.offer() : null;
      const hello = offer === null ? null : this.#hello(offer, null, null);
      socket = new LinkSocket(url, token, this.#resume, hello, this.#sockets);
      socket.offer = offer;
      socket.wish = offer === null ? null : this.#wish;
    } catch (error) {
      const message = error instanceof Error ? error.message : "";
      this.#finish("failed", { category: 2, cause: "address_invalid", message });
      return;
    }
    this.#attempts.add(socket);
    const roundTripMs = this.#resume === null ? null : this.#network.roundTripMs;
    this.#attemptAfter(roundTripMs === null ? OPEN_MAX_MS : connectMaxMs(this.#tries, roundTripMs));
    this.#tries += 1;
  }

  #hello({ features, cells }: Offer, painted: number | null, resume: Resume | null): Hello {
    const { viewOnly } = this.#start;
    return { kind: "hello", features, cells, painted, resume, ...this.#wish, viewOnly, timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone };
  }

  #greet(socket: LinkSocket): void {
    const offer = this.#listener.offer();
    this.#offeredAge ??= offer.age;
    // The gateway may have believed an earlier Hello with this secret, whose Welcome never came.
    const painted = offer.age === this.#offeredAge && this.#resume !== null ? offer.painted : null;
    socket.offer = { ...offer, painted };
    socket.wish = this.#wish;
    const { resume } = socket;
    socket.send(this.#hello(offer, painted, resume));
    const roundTripMs = this.#network.roundTripMs;
    if (resume !== null && roundTripMs !== null) {
      this.#attemptAfter(Math.max(this.#welcomeMaxMs(), connectMaxMs(this.#tries, roundTripMs)));
    }
  }

  #receive(socket: LinkSocket, records: readonly Message[], arrivedMs: number): void {
    if (socket === this.#current) {
      this.#heartbeat?.heard(arrivedMs);
      // Its last words would tell that one of the attempts got through.
      if (this.#attempts.isPlanned && !records.some(({ kind }) => kind === "error")) {
        this.#calm();
      }
    }
    try {
      for (const record of records) {
        if (socket !== this.#current && !this.#attempts.has(socket)) {
          return;
        }
        this.#handle(socket, record, arrivedMs);
      }
    } catch (error) {
      this.fail(error instanceof Error ? error.message : "a record could not be used");
    }
  }

  #handle(socket: LinkSocket, record: Message, arrivedMs: number): void {
    if (record.kind === "error") {
      this.#handleError(socket, record);
    } else if (record.kind === "welcome") {
      this.#handleWelcome(socket, record, arrivedMs);
    } else if (socket !== this.#current) {
      this.fail(`a ${record.kind} record came before welcome`);
    } else if (record.kind === "pong") {
      const latencyMs = this.#heartbeat?.ponged(record.token, arrivedMs) ?? null;
      if (latencyMs !== null) {
        this.#listener.latency(latencyMs);
      }
    } else {
      if (record.kind === "frameEnd") {
        this.#heartbeat?.expect(arrivedMs);
      }
      this.#listener.record(record, arrivedMs);
    }
  }

  #handleWelcome(socket: LinkSocket, welcome: WelcomeMessage, nowMs: number): void {
    const { offer } = socket;
    if (socket === this.#current || offer === null) {
      this.fail("welcome came unasked");
      return;
    }
    if ((welcome.features & FEATURE.kept) !== 0 && offer.painted === null) {
      this.fail("welcome goes on from a picture that was not offered");
      return;
    }
    if (this.#current !== null && this.#tries === 1) {
      // The first attempt got through: the network was there all along, and perhaps only slow.
      this.#network.criedWolf(nowMs);
    }
    this.#dropCurrent();
    this.#attempts.forget(socket);
    this.#awaitOthers();
    // Copies: the views would keep the whole message, and its first frame, in memory.
    this.#resume = { session: welcome.session.slice(), secret: welcome.secret.slice() };
    this.#offeredAge = null;
    this.#lingerMs = welcome.lingerMs;
    this.#lastFailure = null;
    this.#current = socket;
    this.#isShown = false;
    const heartbeat = new Heartbeat(this.#network, nowMs);
    this.#heartbeat = heartbeat;
    if (socket.wish !== this.#wish) {
      // The window changed after Hello.
      socket.send({ kind: "resize", ...this.#wish });
    }
    if (!this.#visible) {
      socket.send({ kind: "visible", visible: false });
    }
    if (this.#quality !== 0) {
      socket.send({ kind: "quality", mode: this.#quality });
    }
    this.#ping(heartbeat);
    this.#tickLater(heartbeat);
    this.#listener.welcomed(welcome, offer);
  }

  /** The gateway may have believed the Hello of other attempts too, and their Welcome then counts. They are given a while. */
  #awaitOthers(): void {
    this.#attempts.drop(({ offer }) => offer === null);
    if (this.#attempts.count > 0) {
      this.#attempts.after(this.#welcomeMaxMs(), () => {
        this.#attempts.drop(() => true);
      });
    }
  }

  #welcomeMaxMs(): number {
    return Math.max(WELCOME_MIN_MS, WELCOME_ROUND_TRIPS * (this.#network.roundTripMs ?? 0));
  }

  #handleError(socket: LinkSocket, error: ErrorMessage): void {
    const failure: Failure = { category: error.category, cause: error.cause, message: error.message };
    if (socket === this.#current) {
      const isOurs = error.cause === "replaced" && this.#attempts.mayHaveReplaced();
      if (error.retry || isOurs) {
        this.#lastFailure = isOurs ? null : failure;
        this.#lose();
      } else {
        this.#finish(error.category === 7 ? "closed" : "failed", failure);
      }
    } else if (error.retry) {
      this.#lastFailure = failure;
      this.#attemptFailed(socket);
    } else if (socket.resume !== this.#resume || this.#attempts.hasGreeted(socket)) {
      // Its secret is void because another attempt got through, or is about to.
      this.#attemptFailed(socket);
    } else {
      this.#finish(error.category === 7 ? "closed" : "failed", failure);
    }
  }

  #tickLater(heartbeat: Heartbeat): void {
    this.#tickTimer = setTimeout(() => {
      this.#tick(heartbeat);
    }, heartbeat.nextMs(performance.now()));
  }

  #tick(heartbeat: Heartbeat): void {
    const beat = heartbeat.tick(performance.now());
    if (beat === "lost") {
      this.#lose();
      return;
    }
    if (beat === "ping") {
      this.#ping(heartbeat);
    } else if (beat === "silent" && !this.#attempts.isPlanned) {
      this.#setState("reconnecting", null);
      this.#open();
    }
    if (this.#heartbeat === heartbeat) {
      this.#tickLater(heartbeat);
    }
  }

  #ping(heartbeat: Heartbeat): void {
    this.#current?.send({ kind: "ping", token: heartbeat.pinged(performance.now()) });
  }

  /** The current socket speaks again: it goes on. Attempts from before its Welcome still wait for their answer. */
  #calm(): void {
    const { count } = this.#attempts;
    this.#attempts.drop(({ resume }) => resume === this.#resume);
    if (this.#attempts.count < count) {
      this.#network.criedWolf(performance.now());
    }
    if (this.#isShown) {
      this.#setState("connected", null);
    }
  }

  /** The current socket is gone, or as good as gone. */
  #lose(): void {
    if (this.#current !== null) {
      this.#lostMs = performance.now();
    }
    this.#dropCurrent();
    if (this.#attempts.count === 0) {
      this.#plan();
    } else {
      this.#setState("reconnecting", null);
    }
  }

  #attemptFailed(socket: LinkSocket): void {
    this.#attempts.forget(socket);
    socket.close();
    if (this.#attempts.count > 0) {
      return;
    }
    this.#attempts.rest();
    // A current socket that speaks needs no attempts; this was one from before its Welcome.
    if (this.#heartbeat?.isSilent(performance.now()) !== false) {
      this.#plan();
    }
  }

  /** Plans the next attempt, or gives up. */
  #plan(): void {
    if (!this.#giveUp()) {
      this.#setState(this.#resume === null ? "connecting" : "reconnecting", this.#lastFailure);
      this.#attemptAfter(retryDelayMs(this.#failures, Math.random()));
      this.#failures += 1;
    }
  }

  #attemptAfter(delayMs: number): void {
    this.#attempts.after(delayMs, () => {
      this.#attemptAgain();
    });
  }

  /** Makes room for an attempt, and starts it. */
  #attemptAgain(): void {
    const isHurried = this.#resume !== null && this.#network.roundTripMs !== null;
    const tookTooLong = this.#attempts.count > 0;
    this.#attempts.drop(({ isOpen }) => !isOpen || !isHurried);
    this.#attempts.makeRoom(ATTEMPTS_MAX);
    if (tookTooLong && !isHurried) {
      this.#plan();
    } else if (!this.#giveUp()) {
      this.#open();
    }
  }

  /** Ends the link if the session cannot be alive any more. */
  #giveUp(): boolean {
    if (this.#current !== null || performance.now() - this.#lostMs < this.#lingerMs) {
      return false;
    }
    const cause = this.#resume === null ? "gateway_unreachable" : "connection_lost";
    this.#finish("failed", this.#lastFailure ?? { category: 0, cause, message: "" });
    return true;
  }

  #finish(state: "closed" | "failed", failure: Failure | null): void {
    const code = failure === null ? 1000 : CLOSE_CODE_BASE + failure.category;
    this.#attempts.drop(() => true, code);
    this.#dropCurrent(code);
    this.#setState(state, failure);
  }

  #dropCurrent(code = 1000): void {
    clearTimeout(this.#tickTimer);
    this.#heartbeat = null;
    this.#current?.close(code);
    this.#current = null;
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
