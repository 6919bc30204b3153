/** Starts a worker with an engine. Its own module, so that a page can do so before the rest of its script is there. */

import type { Order, Said, Start } from "./reports.js";

/** An engine in a worker. Until somebody listens, what it says is kept. */
export interface Launched {
  readonly start: Start;
  /** The element whose pixels the worker paints. */
  readonly canvas: HTMLCanvasElement;
  readonly worker: Worker;
  /** What the worker has said so far. */
  readonly reports: Said[];
  /** Whether its script did not run. */
  hasFailed: boolean;
}

/** Starts an engine that paints on `canvas`, or does nothing where no worker can: then the answer is null. */
export function launch(start: Start, canvas: HTMLCanvasElement, workerUrl: string | URL | undefined): Launched | null {
  if (typeof Worker === "undefined" || !("transferControlToOffscreen" in canvas)) {
    return null;
  }
  let worker: Worker;
  try {
    worker = openWorker(workerUrl);
  } catch {
    return null;
  }
  const launched: Launched = { start, canvas, worker, reports: [], hasFailed: false };
  worker.onmessage = ({ data }: MessageEvent<Said>) => {
    launched.reports.push(data);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    launched.hasFailed = true;
  };
  const offscreen = canvas.transferControlToOffscreen();
  worker.postMessage({ kind: "start", start, canvas: offscreen } satisfies Order, [offscreen]);
  return launched;
}

function openWorker(workerUrl: string | URL | undefined): Worker {
  return workerUrl === undefined
    ? // Bundlers know this very expression and bring the worker along.
      new Worker(new URL("./worker.js", import.meta.url), { type: "module" })
    : new Worker(workerUrl, { type: "module" });
}
