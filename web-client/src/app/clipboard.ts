/**
 * The clipboard, both ways, as far as the browser and the gateway allow.
 *
 * From the remote: written at once where the browser lets us, else with the user's next key or click,
 * and text in any case kept for the panel. To the remote: read when the page gains the focus, where the
 * user has allowed that; and taken from the browser's own paste event, which needs no permission.
 *
 * All formats of one content go together. HTML goes from one clipboard to the other and nowhere else.
 */

import { CLIPBOARD_MAX_BYTES, cutClipboard, type ClipboardContent, type ClipboardPart } from "../wire/clipboard.js";
import type { Bytes } from "../wire/reader.js";
import { isSameImage } from "./sameImage.js";

/** Bits of Welcome's permissions. */
const MAY_SEND = 1 << 1;
const MAY_TAKE = 1 << 2;

const NOTHING: ClipboardContent = { text: null, html: null, png: null };
const TEXT = "text/plain";
const HTML = "text/html";
const PNG = "image/png";

/** What the clipboard tells its owner. */
export interface ClipboardListener {
  /** This part of what was copied here goes to the remote. */
  send(part: ClipboardPart): void;
  /** What was copied on the remote could not be written yet. */
  waiting(content: ClipboardContent): void;
  /** It is on the local clipboard. */
  written(): void;
  tooLarge(): void;
  /** These were pasted; settles once the remote has them, or will not. */
  files(files: readonly File[]): Promise<void>;
}

/** Keeps the two clipboards alike. */
export class ClipboardSync {
  /** Whether the session has a folder for files. */
  takesFiles = false;
  /** Whether the remote has a clipboard of its own. A terminal has none but what is typed into it. */
  isShared = true;
  readonly #listener: ClipboardListener;
  #permissions = 0;
  /** What went either way last: it must not come back as news. */
  #last = NOTHING;
  #unwritten: ClipboardContent | null = null;

  constructor(listener: ClipboardListener) {
    this.#listener = listener;
  }

  /** From Welcome. */
  set permissions(bits: number) {
    this.#permissions = bits;
  }

  get maySend(): boolean {
    return (this.#permissions & MAY_SEND) !== 0;
  }

  get mayTake(): boolean {
    return (this.#permissions & MAY_TAKE) !== 0;
  }

  /** Somebody copied something on the remote. */
  receive(content: ClipboardContent): void {
    if (this.mayTake) {
      this.#last = content;
      this.#unwritten = content;
      void this.flush(true);
    }
  }

  /** Tries to write what waits: a key or click of the user may make it possible. */
  async flush(tell: boolean): Promise<void> {
    const content = this.#unwritten;
    if (content === null) {
      return;
    }
    try {
      await write(content);
      if (this.#unwritten === content) {
        this.#unwritten = null;
        this.#listener.written();
      }
    } catch {
      if (tell) {
        this.#listener.waiting(content);
      }
    }
  }

  /** Sends content, whether or not the remote has it; returns false when it is too large. */
  offer(content: ClipboardContent): boolean {
    const { text, html, png } = content;
    const tidy = { text: text === null ? null : text.replace(/\r\n?/g, "\n"), html, png };
    if (!this.maySend || isEmpty(tidy)) {
      return true;
    }
    const parts = cutClipboard(tidy);
    if (parts.length === 0) {
      this.#listener.tooLarge();
      return false;
    }
    this.#last = tidy;
    this.#unwritten = null;
    for (const part of parts) {
      this.#listener.send(part);
    }
    return true;
  }

  /** The user pasted. Settles once what there was has been sent; the keys wait for that. */
  async paste(data: DataTransfer | null): Promise<void> {
    if (data === null || !this.maySend) {
      return;
    }
    // All of it has to be taken out before the event is over; the file's bytes may come later.
    const [text, html] = [data.getData(TEXT), data.getData(HTML)];
    const files = [...data.files];
    // A picture that was copied from a page is a file too, and the only one.
    if (this.takesFiles && (files.length > 1 || files.some(({ type }) => type !== PNG))) {
      await this.#listener.files(files);
      return;
    }
    const file = files.find(({ type }) => type === PNG);
    if (this.#isNewText(text)) {
      this.offer({ text, html: html === "" ? null : html, png: await bytesOf(file) });
    } else if (text === "") {
      await this.#offerTextless(html === "" ? null : html, await bytesOf(file));
    }
  }

  /** Reads the local clipboard where that needs no question to the user. */
  async poll(): Promise<void> {
    if (!this.maySend || !this.isShared || this.#unwritten !== null) {
      return;
    }
    try {
      // Not every browser knows this name; those that do not also always ask.
      const status = await navigator.permissions.query({ name: "clipboard-read" as PermissionName });
      if (status.state !== "granted" || !document.hasFocus()) {
        return;
      }
      const [item] = await navigator.clipboard.read();
      const blob = async (type: string): Promise<Blob | undefined> =>
        item?.types.includes(type) === true ? item.getType(type) : undefined;
      const text = await (await blob(TEXT))?.text() ?? "";
      // What is known already need not be read in its other formats.
      if (this.#isNewText(text)) {
        const html = await (await blob(HTML))?.text() ?? null;
        this.offer({ text, html, png: await bytesOf(await blob(PNG)) });
      } else if (text === "") {
        await this.#offerTextless(await (await blob(HTML))?.text() ?? null, await bytesOf(await blob(PNG)));
      }
    } catch {
      // Then the paste event and the panel remain.
    }
  }

  /** Text is what content is known by, where it has any: browsers change HTML and pictures on their way. */
  #isNewText(text: string): boolean {
    return text !== "" && text.replace(/\r\n?/g, "\n") !== this.#last.text;
  }

  async #offerTextless(html: string | null, png: Bytes | null): Promise<void> {
    const last = this.#last;
    const isKnown =
      last.text === null && (png === null || last.png === null ? png === last.png && html === last.html : await isSameImage(png, last.png));
    if (!isKnown) {
      this.offer({ text: null, html, png });
    }
  }
}

function isEmpty({ text, html, png }: ClipboardContent): boolean {
  return (text === null || text === "") && html === null && png === null;
}

/** A file's bytes, unless the gateway would not take as many. */
async function bytesOf(file: Blob | undefined): Promise<Bytes | null> {
  return file === undefined || file.size > CLIPBOARD_MAX_BYTES ? null : new Uint8Array(await file.arrayBuffer());
}

async function write({ text, html, png }: ClipboardContent): Promise<void> {
  // Firefox and Safari know this only in secure contexts, whatever the types say.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard === undefined) {
    throw new Error("no clipboard outside secure contexts");
  }
  if (html !== null || png !== null) {
    try {
      const blob = (type: string, data: string | Bytes | null): Record<string, Blob> =>
        data === null ? {} : { [type]: new Blob([data], { type }) };
      await clipboard.write([new ClipboardItem({ ...blob(TEXT, text), ...blob(HTML, html), ...blob(PNG, png) })]);
      return;
    } catch (error) {
      // Not every browser takes every format, and the image may be none: then the text alone.
      if (text === null) {
        throw error;
      }
    }
  }
  await clipboard.writeText(text ?? "");
}

/** Copies from a click. Without the clipboard API, what is selected in the page is what is copied. */
export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- Pages without HTTPS have nothing else.
    document.execCommand("copy");
  }
}
