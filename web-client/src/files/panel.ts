/** The file panel: what is in a folder, and everything that may be done with it. Loaded when it is first opened. */

import { make } from "../app/dom.js";
import type { FileEntry } from "../wire/files.js";
import type { FileRecord } from "../wire/message.js";
import { FileClient, FileError } from "./client.js";
import { chosen, gather, type Gathered } from "./dropped.js";
import css from "./panel.css";
import { reasonOf, sizeText, TransferQueue } from "./queue.js";
import { sinkFor } from "./saving.js";
import { fileStringsFor, type FileStrings } from "./strings.js";

/** Bits of Welcome's permissions. */
const MAY_WRITE = 1 << 3;
const MAY_READ = 1 << 4;

/** Where files go that are pasted, and how many at a time: as many as the remote is told of. */
const CLIPBOARD_FOLDER = "Clipboard";
const PASTED_MAX = 100;
/** Offers that wait; further ones are found in the folder. */
const OFFERS_MAX = 20;

export interface PanelListener {
  send(record: FileRecord): void;
  closed(): void;
}

/** Owns the panel's element and the client behind it. */
export class FilePanel {
  readonly element = make("section", { class: "files", hidden: "" });
  readonly #strings: FileStrings;
  readonly #listener: PanelListener;
  readonly #client: FileClient;
  readonly #queue: TransferQueue;
  readonly #where = make("nav", { class: "where" });
  readonly #list = make("ul", { class: "entries" });
  readonly #words = make("p", { class: "words", role: "status" });
  readonly #question = make("form", { class: "question", hidden: "" });
  readonly #tools = make("div", { class: "tools" });
  /** What the remote offers and nobody was asked about yet. */
  readonly #offers: { readonly path: string; readonly size: number }[] = [];
  #path = "";
  #permissions = 0;
  /** Counts listings, so that a late one does not replace a newer. */
  #turn = 0;

  constructor(root: ShadowRoot, language: string, permissions: number, listener: PanelListener) {
    this.#strings = fileStringsFor(language);
    this.#listener = listener;
    this.#queue = new TransferQueue(this.#strings);
    this.#client = new FileClient({
      send: (record) => {
        listener.send(record);
      },
      offered: (path, size) => {
        this.#offer(path, size);
      },
    });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    this.#build();
    root.append(this.element);
    this.permissions = permissions;
  }

  set permissions(bits: number) {
    this.#permissions = bits;
    this.#tools.hidden = !this.#mayWrite;
  }

  get open(): boolean {
    return !this.element.hidden;
  }

  handle(record: FileRecord): void {
    this.#client.handle(record);
  }

  /** A new socket carries the session. */
  renewed(permissions: number): void {
    this.permissions = permissions;
    this.#client.renewed();
  }

  toggle(open = !this.open): void {
    this.element.hidden = !open;
    if (open) {
      void this.#show(this.#path);
      this.element.focus();
    } else {
      this.#listener.closed();
    }
  }

  get #mayWrite(): boolean {
    return (this.#permissions & MAY_WRITE) !== 0;
  }

  #build(): void {
    const strings = this.#strings;
    this.element.tabIndex = -1;
    this.element.setAttribute("aria-label", strings.title);
    const input = make("input", { type: "file", multiple: "", hidden: "" });
    input.addEventListener("change", () => {
      this.#uploadAll(chosen(input.files ?? []));
      input.value = "";
    });
    this.#tools.append(
      this.#button(strings.upload, () => {
        input.click();
      }),
      this.#button(strings.newFolder, () => {
        this.#ask(strings.folderName, "", (name) => this.#client.makeDirectory(this.#at(name)));
      }),
      input,
    );
    const close = this.#button(strings.close, () => {
      this.toggle(false);
    });
    const head = make("header", {}, [make("h2", {}, strings.title), close]);
    this.element.append(head, this.#where, this.#tools, this.#question, this.#words, this.#list, this.#queue.element);
    this.element.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") {
        this.toggle(false);
      }
    });
    this.element.addEventListener("dragover", (event) => {
      event.preventDefault();
      this.element.dataset["drag"] = "";
    });
    this.element.addEventListener("dragleave", () => {
      delete this.element.dataset["drag"];
    });
    this.element.addEventListener("drop", (event) => {
      event.preventDefault();
      delete this.element.dataset["drag"];
      if (event.dataTransfer !== null && this.#mayWrite) {
        gather(event.dataTransfer).then((all) => {
          this.#uploadAll(all);
        }, (error: unknown) => {
          this.#fail(error);
        });
      }
    });
  }

  /**
   * Uploads files to a folder of their own in that of the clipboard, which puts them onto the remote's.
   * Settles when that is done, or is not: the lines of the transfers say why.
   */
  async paste(files: readonly File[]): Promise<void> {
    const folder = `${CLIPBOARD_FOLDER}/${Date.now().toString(36)}`;
    try {
      await this.#makeFolders([CLIPBOARD_FOLDER, folder]);
    } catch (error) {
      this.#fail(error);
      return;
    }
    const uploads = files.slice(0, PASTED_MAX).map((file) => {
      const path = `${folder}/${file.name}`;
      return new Promise<void>((settle) => {
        this.#queue.add({
          name: path,
          start: (progress) => {
            const transfer = this.#client.upload(path, file, file.lastModified, true, progress);
            transfer.done.then(settle, settle);
            return transfer;
          },
          done: () => undefined,
        });
      });
    });
    await Promise.all(uploads);
  }

  /** Makes folders, outer ones first, where there are none. */
  async #makeFolders(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      await this.#client.makeDirectory(path).catch((error: unknown) => {
        if (!(error instanceof FileError && error.code === "exists")) {
          throw error;
        }
      });
    }
  }

  /** Lists a folder. */
  async #show(path: string): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    try {
      const { entries, free } = await this.#client.list(path);
      if (turn !== this.#turn) {
        return;
      }
      this.#path = path;
      this.#showWhere(free);
      const folders = entries.filter(({ directory }) => directory);
      const files = entries.filter(({ directory }) => !directory);
      this.#list.replaceChildren(...[...folders, ...files].map((entry) => this.#line(entry)));
      this.#say(entries.length > 0 ? "" : this.#mayWrite ? `${this.#strings.empty} ${this.#strings.dropHint}` : this.#strings.empty);
    } catch (error) {
      if (turn === this.#turn) {
        this.#fail(error);
      }
    }
  }

  #showWhere(free: number): void {
    const names = this.#path === "" ? [] : this.#path.split("/");
    const steps = [this.#strings.home, ...names].map((name, at) => {
      const button = this.#button(name, () => {
        void this.#show(names.slice(0, at).join("/"));
      });
      if (at === names.length) {
        button.setAttribute("aria-current", "location");
      }
      return button;
    });
    // Not every server of files says how much room it has.
    const room = this.#mayWrite && free <= Number.MAX_SAFE_INTEGER ? [make("span", { class: "free" }, `${sizeText(free)} ${this.#strings.free}`)] : [];
    this.#where.replaceChildren(...steps, ...room);
  }

  #line(entry: FileEntry): HTMLElement {
    const strings = this.#strings;
    const path = this.#at(entry.name);
    const mayOpen = entry.directory || (this.#permissions & MAY_READ) !== 0;
    const name = this.#button(entry.name, () => {
      if (entry.directory) {
        void this.#show(path);
      } else {
        void this.#download(path, entry.size);
      }
    });
    name.className = entry.directory ? "name folder" : "name";
    name.disabled = !mayOpen;
    const date = entry.modifiedMs === 0 ? "" : new Date(entry.modifiedMs).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    const parts: Node[] = [
      name,
      make("span", { class: "size" }, entry.directory ? "" : sizeText(entry.size)),
      make("span", { class: "date" }, date),
    ];
    if (this.#mayWrite) {
      const rename = this.#button(strings.rename, () => {
        this.#ask(strings.newName, entry.name, (to) => this.#client.rename(path, this.#at(to)));
      });
      const remove = this.#button(strings.remove, () => {
        this.#confirm(`${entry.name}: ${strings.removeAsk}`, strings.yes, () => this.#removeAll(path, entry.directory));
      });
      rename.setAttribute("aria-label", `${strings.rename}: ${entry.name}`);
      remove.setAttribute("aria-label", `${strings.remove}: ${entry.name}`);
      parts.push(rename, remove);
    }
    return make("li", {}, parts);
  }

  /** A directory goes with what is in it, innermost first. */
  async #removeAll(path: string, directory: boolean): Promise<void> {
    if (directory) {
      const { entries } = await this.#client.list(path);
      for (const entry of entries) {
        await this.#removeAll(`${path}/${entry.name}`, entry.directory);
      }
    }
    await this.#client.remove(path);
  }

  #uploadAll({ folders, files, cut }: Gathered): void {
    const { base, strings } = { base: this.#path, strings: this.#strings };
    const below = (path: string): string => (base === "" ? path : `${base}/${path}`);
    const make = async (): Promise<void> => {
      await this.#makeFolders(folders.map(below));
      files.forEach(({ path, file }) => {
        this.#upload(below(path), file, false);
      });
      await this.#show(this.#path);
      if (cut) {
        this.#say(strings.tooMany);
      }
    };
    make().catch((error: unknown) => {
      this.#fail(error);
    });
  }

  #upload(path: string, file: File, replace: boolean): void {
    this.#queue.add({
      name: path,
      start: (progress) => {
        const transfer = this.#client.upload(path, file, file.lastModified, replace, progress);
        transfer.done.catch((error: unknown) => {
          if (error instanceof FileError && error.code === "exists") {
            this.#confirm(`${path} ${this.#strings.replaceAsk}`, this.#strings.replace, () => {
              this.#upload(path, file, true);
              return Promise.resolve();
            });
          }
        });
        return transfer;
      },
      done: () => {
        void this.#show(this.#path);
      },
    });
  }

  async #download(path: string, size: number): Promise<void> {
    try {
      const sink = await sinkFor(path.split("/").at(-1) ?? path, size);
      if (sink !== null) {
        this.#queue.add({
          name: path,
          start: (progress) => this.#client.download(path, sink, progress),
          done: () => undefined,
        });
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #offer(path: string, size: number): void {
    if (this.#offers.length < OFFERS_MAX) {
      this.#offers.push({ path, size });
    }
    // A question that somebody is about to answer stays; the offer comes after it.
    if (this.#question.hidden) {
      this.#nextOffer();
    }
  }

  #nextOffer(): void {
    const offer = this.#offers.shift();
    if (offer !== undefined) {
      const { path, size } = offer;
      this.toggle(true);
      // A printed document has no folder.
      const name = path.replace(/^\//u, "");
      this.#confirm(`${this.#strings.offered} ${name} (${sizeText(size)})`, this.#strings.download, () => this.#download(path, size));
    }
  }

  /** Asks for a name, and does something with it. */
  #ask(label: string, value: string, act: (name: string) => Promise<void>): void {
    const input = make("input", { type: "text", maxlength: "255", "aria-label": label, placeholder: label });
    input.value = value;
    this.#pose([input], this.#strings.ok, async () => act(input.value));
    input.focus();
    input.select();
  }

  #confirm(question: string, yes: string, act: () => Promise<void>): void {
    this.#pose([make("span", {}, question)], yes, act);
    this.#question.querySelector<HTMLButtonElement>("button")?.focus();
  }

  #pose(content: readonly Node[], yes: string, act: () => Promise<void>): void {
    const form = this.#question;
    const no = this.#button(this.#strings.cancel, () => {
      form.hidden = true;
      this.#nextOffer();
    });
    form.replaceChildren(...content, make("button", { type: "submit", class: "primary" }, yes), no);
    form.hidden = false;
    form.onsubmit = (event): void => {
      event.preventDefault();
      form.hidden = true;
      act().then(async () => this.#show(this.#path), (error: unknown) => {
        this.#fail(error);
      });
      this.#nextOffer();
    };
  }

  #at(name: string): string {
    return this.#path === "" ? name : `${this.#path}/${name}`;
  }

  #fail(error: unknown): void {
    this.#say(`${this.#strings.failed} ${reasonOf(error, this.#strings)}`);
  }

  #say(words: string): void {
    this.#words.textContent = words;
  }

  #button(text: string, act: () => void): HTMLButtonElement {
    const button = make("button", { type: "button" }, text);
    button.addEventListener("click", act);
    return button;
  }
}
