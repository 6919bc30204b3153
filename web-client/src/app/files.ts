/** Brings the file panel into the page when it is first wanted: its code is not part of the start. */

import type { FilePanel } from "../files/panel.js";
import type { FileRecord } from "../wire/message.js";

export interface FilesListener {
  send(record: FileRecord): void;
  /** The keyboard belongs to the remote again. */
  closed(): void;
  failed(): void;
}

export class FilesDock {
  readonly #root: () => ShadowRoot | null;
  readonly #language: string;
  readonly #listener: FilesListener;
  #panel: FilePanel | null = null;
  #loading: Promise<FilePanel> | null = null;
  #permissions = 0;

  constructor(root: () => ShadowRoot | null, language: string, listener: FilesListener) {
    this.#root = root;
    this.#language = language;
    this.#listener = listener;
  }

  /** A socket carries the session. */
  renewed(permissions: number): void {
    this.#permissions = permissions;
    this.#panel?.renewed(permissions);
  }

  handle(record: FileRecord): void {
    if (this.#panel === null) {
      // Only an offer comes unasked.
      void this.#load().then((panel) => {
        panel?.handle(record);
      });
    } else {
      this.#panel.handle(record);
    }
  }

  /** Puts files onto the remote's clipboard. */
  async paste(files: readonly File[]): Promise<void> {
    await (await this.#load())?.paste(files);
  }

  async toggle(): Promise<void> {
    (await this.#load())?.toggle();
  }

  async #load(): Promise<FilePanel | null> {
    const root = this.#root();
    if (root === null) {
      return null;
    }
    this.#loading ??= import("../files/panel.js").then(({ FilePanel }) => {
      this.#panel = new FilePanel(root, this.#language, this.#permissions, this.#listener);
      return this.#panel;
    });
    try {
      return await this.#loading;
    } catch {
      this.#loading = null;
      this.#listener.failed();
      return null;
    }
  }
}
