/** Where downloads go: straight to disk where the browser lets a page do that, else through a Blob. */

import type { Bytes } from "../wire/reader.js";
import type { Sink } from "./client.js";

/** The File System Access API as far as it is used, which the DOM library does not name. */
interface SavePicker {
  showSaveFilePicker?(options: { readonly suggestedName: string }): Promise<{
    createWritable(): Promise<{ write(data: Bytes): Promise<void>; close(): Promise<void>; abort(): Promise<void> }>;
  }>;
}

/** Larger files are worth asking where they go, so that they need not fit into memory. */
const ASK_MIN_BYTES = 64 << 20;
/** How long a Blob's address is kept for the browser to begin saving it, in milliseconds. */
const ADDRESS_MS = 60_000;

/**
 * Where a download of this name goes. Call it from a click. Null when the user wants it nowhere.
 */
export async function sinkFor(name: string, size: number): Promise<Sink | null> {
  const picker: SavePicker = window as unknown as SavePicker;
  if (size >= ASK_MIN_BYTES && picker.showSaveFilePicker !== undefined) {
    try {
      const handle = await picker.showSaveFilePicker({ suggestedName: name });
      return await handle.createWritable();
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") {
        return null;
      }
      // Frames of other origins may not ask.
    }
  }
  return new BlobSink(name);
}

/** Collects a file in Blobs, which the browser may keep on disk, and saves it when it is whole. */
class BlobSink implements Sink {
  readonly #name: string;
  #parts: Blob[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  async write(data: Bytes): Promise<void> {
    this.#parts.push(new Blob([data]));
    return Promise.resolve();
  }

  async close(): Promise<void> {
    // Not a type that a browser would show instead of saving.
    const address = URL.createObjectURL(new Blob(this.#parts, { type: "application/octet-stream" }));
    this.#parts = [];
    const link = document.createElement("a");
    link.href = address;
    link.download = this.#name;
    link.click();
    setTimeout(() => {
      URL.revokeObjectURL(address);
    }, ADDRESS_MS);
    return Promise.resolve();
  }

  async abort(): Promise<void> {
    this.#parts = [];
    return Promise.resolve();
  }
}
