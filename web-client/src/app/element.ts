/** `<porthole-screen>`: a connection as a custom element. Importing this module defines it. */

import { connect, remove } from "./index.js";
import type { Connection, Quality, RemoteScreen, Scale, Stats, TerminalMode } from "./options.js";

/**
 * Attributes: `token`, `url`, `scale`, `quality`, `language`, `view-only`, `bare`, `worker-url`, `muted`, `terminal`. A
 * change of `scale`, `quality` or `muted` applies at once, one of `token`, `url` or `terminal` connects anew. The element has no size of its own.
 */
export class PortholeScreen extends HTMLElement {
  static readonly observedAttributes = ["token", "url", "scale", "quality", "muted", "terminal"];
  #connection: Connection | null = null;

  /** The connection, for its events and methods; null while there is no token or place in the page. */
  get connection(): Connection | null {
    return this.#connection;
  }

  /** As {@link Connection.screens}. */
  get screens(): readonly RemoteScreen[] {
    return this.#connection?.screens ?? [];
  }

  /** As {@link Connection.stats}. */
  async stats(): Promise<Stats> {
    if (this.#connection === null) {
      throw new Error("there is no connection");
    }
    return this.#connection.stats();
  }

  /** Whether the remote is not heard; as the attribute. */
  get muted(): boolean {
    return this.#connection?.muted ?? this.hasAttribute("muted");
  }

  set muted(muted: boolean) {
    this.toggleAttribute("muted", muted);
  }

  connectedCallback(): void {
    this.#open();
  }

  disconnectedCallback(): void {
    this.#close();
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (!this.isConnected || before === after) {
      return;
    }
    if (name === "scale" && this.#connection !== null) {
      this.#connection.setScale(scaleOf(after) ?? "remote");
    } else if (name === "quality" && this.#connection !== null) {
      this.#connection.setQuality(qualityOf(after) ?? "auto");
    } else if (name === "muted" && this.#connection !== null) {
      this.#connection.muted = after !== null;
    } else {
      this.#open();
    }
  }

  #open(): void {
    this.#close();
    const token = this.getAttribute("token");
    if (token === null) {
      return;
    }
    const given = <K extends string, V>(key: K, value: V | null): { [P in K]?: V } =>
      value === null ? {} : ({ [key]: value } as { [P in K]?: V });
    this.style.display ||= "block";
    this.#connection = connect(this, {
      token,
      viewOnly: this.hasAttribute("view-only"),
      bare: this.hasAttribute("bare"),
      muted: this.hasAttribute("muted"),
      ...given("url", this.getAttribute("url")),
      ...given("language", this.getAttribute("language")),
      ...given("workerUrl", this.getAttribute("worker-url")),
      ...given("scale", scaleOf(this.getAttribute("scale"))),
      ...given("quality", qualityOf(this.getAttribute("quality"))),
      ...given("terminal", terminalOf(this.getAttribute("terminal"))),
    });
    this.#connection.addEventListener("screens", ({ detail }) => {
      this.dispatchEvent(new CustomEvent("screens", { detail }));
    });
    this.dispatchEvent(new CustomEvent("connection", { detail: this.#connection }));
  }

  #close(): void {
    remove(this);
    this.#connection = null;
  }
}

/** Null for any text that is not a scale. */
export function scaleOf(text: string | null): Scale | null {
  return text === "remote" || text === "fit" || text === "native" ? text : null;
}

/** Null for any text that is not a quality. */
export function qualityOf(text: string | null): Quality | null {
  return text === "auto" || text === "exact" || text === "sparing" ? text : null;
}

/** Null for any text that is not a way to show a terminal. */
export function terminalOf(text: string | null): TerminalMode | null {
  return text === "text" || text === "picture" ? text : null;
}

customElements.define("porthole-screen", PortholeScreen);
