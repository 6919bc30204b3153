/** The worker's entry: an engine behind `postMessage`. */

import { Engine } from "./engine.js";
import type { Order, Said } from "./reports.js";

const scope = self as unknown as DedicatedWorkerGlobalScope;
const report = (message: Said, transfer: readonly ArrayBuffer[]): void => {
  scope.postMessage(message, [...transfer]);
};
let engine: Engine | null = null;

scope.onmessage = (event: MessageEvent<Order>) => {
  const order = event.data;
  if (order.kind === "start") {
    engine = new Engine(order.start, order.canvas, report);
  } else {
    engine?.handle(order);
  }
};
report({ kind: "ready" }, []);
