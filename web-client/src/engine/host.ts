/** The page's side of an engine: finds it a thread, and a canvas to go with it. */

import { Engine } from "./engine.js";
import { launch, type Launched } from "./launch.js";
import { readSaid } from "./news.js";
import type { Order, Report, Said, Start } from "./reports.js";

/** How long a worker's script may take to run, in milliseconds. */
const WORKER_READY_MAX_MS = 5_000;

/** Everything but the start, which a host sends by itself. */
export type EngineOrder = Exclude<Order, { kind: "start" }>;

/** A running engine. */
export interface EngineHost {
  order(order: EngineOrder): void;
  /** Ends the thread, if there is one. The engine is gone. */
  terminate(): void;
}

/**
 * Starts an engine, in a worker when it can and `workerUrl` allows, else on this thread.
 *
 * A canvas given to a worker cannot come back. When the worker turns out not to run (its script is on
 * another origin, or the page's policy forbids it), `newCanvas` is called again.
 */
export function startEngine(
  start: Start,
  workerUrl: string | URL | false | undefined,
  newCanvas: () => HTMLCanvasElement,
  report: (report: Report) => void,
): EngineHost {
  const canvas = newCanvas();
  const launched = workerUrl === false ? null : launch(start, canvas, workerUrl);
  return launched === null ? startHere(start, canvas, report) : adoptEngine(launched, newCanvas, report);
}

/** Takes over an engine that was launched before; its canvas is in the page already. As {@link startEngine} otherwise. */
export function adoptEngine(launched: Launched, newCanvas: () => HTMLCanvasElement, report: (report: Report) => void): EngineHost {
  return new WorkerHost(launched, newCanvas, report);
}

function startHere(start: Start, canvas: HTMLCanvasElement, report: (report: Report) => void): EngineHost {
  const engine = new Engine(start, canvas, readSaid(report, (reason) => {
    engine.handle({ kind: "fail", reason });
  }));
  return {
    order: (order) => {
      engine.handle(order);
    },
    terminate: () => {
      engine.handle({ kind: "stop" });
    },
  };
}

class WorkerHost implements EngineHost {
  readonly #worker: Worker;
  readonly #timer: ReturnType<typeof setTimeout>;
  #fallback: EngineHost | null = null;
  #ready = false;
  /** Orders that a worker which never runs would lose. */
  #backlog: EngineOrder[] = [];
  #stopped = false;

  constructor({ start, worker, reports, hasFailed }: Launched, newCanvas: () => HTMLCanvasElement, report: (report: Report) => void) {
    this.#worker = worker;
    // A script that has not run has opened no socket, so the token is unspent and this thread can start afresh.
    const fallBack = (): void => {
      if (!this.#ready && !this.#stopped && this.#fallback === null) {
        worker.terminate();
        const fallback = startHere(start, newCanvas(), report);
        this.#fallback = fallback;
        this.#backlog.forEach((order) => {
          fallback.order(order);
        });
      }
    };
    const read = readSaid(report, (reason) => {
      this.order({ kind: "fail", reason });
    });
    const handle = (data: Said): void => {
      if (data.kind === "ready") {
        this.#ready = true;
        this.#backlog = [];
        clearTimeout(this.#timer);
      }
      read(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      fallBack();
    };
    this.#timer = setTimeout(fallBack, WORKER_READY_MAX_MS);
    worker.onmessage = ({ data }: MessageEvent<Said>) => {
      handle(data);
    };
    // Whoever waits for this host gets it before its first report.
    queueMicrotask(() => {
      reports.splice(0).forEach(handle);
      if (hasFailed) {
        fallBack();
      }
    });
  }

  order(order: EngineOrder): void {
    if (this.#fallback === null) {
      this.#worker.postMessage(order);
      if (!this.#ready) {
        this.#backlog.push(order);
      }
    } else {
      this.#fallback.order(order);
    }
  }

  terminate(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#worker.terminate();
    this.#fallback?.terminate();
  }
}
