/** The package's entry: shows a Porthole session in an element. */

import type { Launched } from "../engine/launch.js";
import { ScreenConnection } from "./connection.js";
import type { Connection, ConnectOptions } from "./options.js";

export type {
  Cells,
  ClipboardContent,
  CommandKey,
  Connection,
  ConnectionEvents,
  ConnectOptions,
  Failure,
  LinkState,
  Quality,
  RemoteScreen,
  SavedSession,
  Scale,
  Spread,
  Stats,
  TerminalMode,
} from "./options.js";

const connections = new WeakMap<HTMLElement, ScreenConnection>();

/**
 * Connects and shows the remote in `element`, which gives it its size. The element's `data-state` follows
 * the connection, and `data-cause` names a failure. An earlier connection of the element is removed.
 */
export function connect(element: HTMLElement, options: ConnectOptions): Connection {
  return connectWith(element, options, null);
}

/** The same with an engine that was launched before, if one was. @internal */
export function connectWith(element: HTMLElement, options: ConnectOptions, launched: Launched | null): Connection {
  remove(element);
  const connection = new ScreenConnection(element, options, launched);
  connections.set(element, connection);
  return connection;
}

/** Ends the element's connection, if it has one, and takes the screen out of it. */
export function remove(element: HTMLElement): void {
  connections.get(element)?.remove();
  connections.delete(element);
}
