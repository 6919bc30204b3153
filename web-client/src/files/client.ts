/**
 * Requests about files over one connection: asks, waits for the answer, and takes transfers up again when a new
 * socket carries the session. It knows nothing of pages: what is uploaded is a Blob, what is downloaded goes into a
 * {@link Sink}.
 */

import { decodeFileNews, encodeFileAct, type FileAct, type FileEntry, type FileNews } from "../wire/files.js";
import type { FileRecord } from "../wire/message.js";
import type { Bytes } from "../wire/reader.js";
import { UploadWindow } from "./window.js";

/** What a download may have under way and not written. */
const DOWNLOAD_CREDIT_BYTES = 4 << 20;
/** A file that is still being written for a socket that was lost is free soon. */
const BUSY_RETRY_MS = 300;
const BUSY_TRIES = 30;

/** Where a download goes. */
export interface Sink {
  write(data: Bytes): Promise<void>;
  close(): Promise<void>;
  /** What was written is of no use. */
  abort(): Promise<void>;
}

/** Why the gateway did not do something. */
export class FileError extends Error {
  override readonly name = "FileError";
  /** A short, stable name; see `docs/link.md`. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** A transfer under way. */
export interface Transfer {
  /** Resolves when all is there; rejects with a {@link FileError}. */
  readonly done: Promise<void>;
  cancel(): void;
}

/** Bytes there, of so many. */
export type Progress = (bytes: number, size: number) => void;

/** Who is told what about a request. */
interface Waiting {
  told(news: FileNews): void;
  /** The socket is gone, and another is there. */
  renewed(): void;
}

export interface FileClientListener {
  send(record: FileRecord): void;
  offered(path: string, size: number): void;
}

export class FileClient {
  readonly #listener: FileClientListener;
  readonly #waiting = new Map<number, Waiting>();
  #request = 0;

  constructor(listener: FileClientListener) {
    this.#listener = listener;
  }

  /** A record from the gateway. @throws {MessageError} if it is broken. */
  handle(record: FileRecord): void {
    const answer = decodeFileNews(record);
    if (answer === null) {
      return;
    }
    const { request, news } = answer;
    if (news.kind === "offered") {
      this.#listener.offered(news.path, news.size);
      return;
    }
    const waiting = this.#waiting.get(request);
    if (news.kind === "done" || news.kind === "failed" || news.kind === "page") {
      this.#waiting.delete(request);
    }
    waiting?.told(news);
  }

  /** A new socket carries the session: what was asked before is void. */
  renewed(): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    waiting.forEach((one) => {
      one.renewed();
    });
  }

  /** Everything in a directory, and how many bytes may be written. */
  async list(path: string): Promise<{ readonly entries: readonly FileEntry[]; readonly free: number }> {
    const entries: FileEntry[] = [];
    for (;;) {
      const page = await this.#once({ kind: "list", path, after: entries.at(-1)?.name ?? "" });
      if (page.kind !== "page") {
        throw new FileError("io", "the answer is no listing");
      }
      entries.push(...page.entries);
      if (!page.more || page.entries.length === 0) {
        return { entries, free: page.free };
      }
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#once({ kind: "rename", from, to, replace: false });
  }

  async remove(path: string): Promise<void> {
    await this.#once({ kind: "remove", path });
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#once({ kind: "makeDirectory", path });
  }

  upload(path: string, source: Blob, modifiedMs: number, replace: boolean, progress: Progress): Transfer {
    return new Upload(this, { path, source, modifiedMs, replace }, progress);
  }

  download(path: string, sink: Sink, progress: Progress): Transfer {
    return new Download(this, path, sink, progress);
  }

  /** Asks, and tells `waiting` what comes of it. @internal */
  ask(act: FileAct, waiting: Waiting): number {
    this.#request += 1;
    this.#waiting.set(this.#request, waiting);
    this.tell(this.#request, act);
    return this.#request;
  }

  /** Says more about a request. @internal */
  tell(request: number, act: FileAct): void {
    this.#listener.send(encodeFileAct(request, act));
  }

  /** Nobody wants to know any more. @internal */
  forget(request: number): void {
    this.#waiting.delete(request);
  }

  async #once(act: FileAct): Promise<FileNews> {
    return new Promise((done, fail) => {
      this.ask(act, {
        told: (news) => {
          if (news.kind === "failed") {
            fail(new FileError(news.cause, news.message));
          } else {
            done(news);
          }
        },
        renewed: () => {
          // A listing can be asked for again. What else was asked may have been done, or not.
          if (act.kind === "list") {
            this.#once(act).then(done, fail);
          } else {
            fail(new FileError("connection_lost", ""));
          }
        },
      });
    });
  }
}

/** What uploads and downloads have in common. */
abstract class Running implements Transfer, Waiting {
  readonly done: Promise<void>;
  protected readonly client: FileClient;
  protected request = 0;
  protected isOver = false;
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #tries = 0;

  constructor(client: FileClient) {
    this.client = client;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  cancel(): void {
    if (!this.isOver) {
      this.client.tell(this.request, { kind: "cancel", discard: true });
      this.fail(new FileError("cancelled", ""));
    }
  }

  renewed(): void {
    if (!this.isOver) {
      this.begin();
    }
  }

  told(news: FileNews): void {
    if (this.isOver) {
      return;
    }
    if (news.kind === "failed" && news.cause === "busy" && this.#tries < BUSY_TRIES) {
      this.#tries += 1;
      setTimeout(() => {
        this.renewed();
      }, BUSY_RETRY_MS);
    } else if (news.kind === "failed") {
      this.fail(new FileError(news.cause, news.message));
    } else {
      this.heard(news);
    }
  }

  /** Asks for the transfer from where it stands. */
  protected abstract begin(): void;
  protected abstract heard(news: Exclude<FileNews, { kind: "failed" }>): void;
  protected ended(): void {
    // Nothing to tidy up.
  }

  protected succeed(): void {
    if (!this.isOver) {
      this.isOver = true;
      this.#resolve();
    }
  }

  protected fail(error: Error): void {
    if (!this.isOver) {
      this.isOver = true;
      this.client.forget(this.request);
      this.ended();
      this.#reject(error);
    }
  }
}

interface UploadPlan {
  readonly path: string;
  readonly source: Blob;
  readonly modifiedMs: number;
  readonly replace: boolean;
}

class Upload extends Running {
  readonly #plan: UploadPlan;
  readonly #progress: Progress;
  #window = new UploadWindow();
  #sent = 0;
  #written = 0;
  #credit = 0;
  #reading = false;

  constructor(client: FileClient, plan: UploadPlan, progress: Progress) {
    super(client);
    this.#plan = plan;
    this.#progress = progress;
    this.begin();
  }

  protected override begin(): void {
    const { path, source, modifiedMs, replace } = this.#plan;
    this.#credit = 0;
    this.request = this.client.ask({ kind: "write", path, size: source.size, modifiedMs, replace }, this);
  }

  protected override heard(news: FileNews): void {
    const { size } = this.#plan.source;
    switch (news.kind) {
      case "opened":
        this.#window = new UploadWindow();
        this.#sent = this.#written = news.offset;
        this.#credit = news.credit;
        break;
      case "credit":
        this.#credit += news.bytes;
        this.#written += news.bytes;
        this.#window.credited(performance.now(), news.bytes);
        break;
      case "done":
        this.#progress(size, size);
        this.succeed();
        return;
      default:
        return;
    }
    this.#progress(this.#written, size);
    void this.#pump();
  }

  /** Sends what may be sent, one piece after the other. */
  async #pump(): Promise<void> {
    if (this.#reading) {
      return;
    }
    this.#reading = true;
    const { source } = this.#plan;
    while (!this.isOver && this.#credit > 0 && this.#window.isOpen && this.#sent < source.size) {
      const { request } = this;
      const from = this.#sent;
      const piece = source.slice(from, from + Math.min(this.#window.pieceBytes, this.#credit));
      let data: Bytes;
      try {
        data = new Uint8Array(await piece.arrayBuffer());
      } catch {
        this.client.tell(request, { kind: "cancel", discard: true });
        this.fail(new FileError("unreadable", ""));
        break;
      }
      // Meanwhile it may have been cancelled, or begun anew over another socket.
      if (request === this.request && from === this.#sent && this.#credit >= data.length) {
        this.#sent += data.length;
        this.#credit -= data.length;
        this.#window.sent(performance.now(), data.length);
        this.client.tell(request, { kind: "data", offset: from, data });
      }
    }
    this.#reading = false;
  }
}

class Download extends Running {
  readonly #path: string;
  readonly #sink: Sink;
  readonly #progress: Progress;
  /** What the file was when it was first opened. */
  #file: { readonly size: number; readonly modifiedMs: number } | null = null;
  #received = 0;
  #written = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(client: FileClient, path: string, sink: Sink, progress: Progress) {
    super(client);
    this.#path = path;
    this.#sink = sink;
    this.#progress = progress;
    this.begin();
  }

  protected override begin(): void {
    this.request = this.client.ask(
      { kind: "read", path: this.#path, offset: this.#received, credit: DOWNLOAD_CREDIT_BYTES },
      this,
    );
  }

  protected override heard(news: FileNews): void {
    switch (news.kind) {
      case "opened": {
        const { size, modifiedMs } = news;
        if (this.#file !== null && (this.#file.size !== size || this.#file.modifiedMs !== modifiedMs)) {
          this.client.tell(this.request, { kind: "cancel", discard: false });
          this.fail(new FileError("changed", ""));
          return;
        }
        this.#file = { size, modifiedMs };
        this.#progress(this.#written, size);
        break;
      }
      case "data":
        this.#take(news.offset, news.data);
        break;
      case "done":
        void this.#finish();
        break;
      default:
        break;
    }
  }

  protected override ended(): void {
    void this.#writing.then(async () => this.#sink.abort()).catch(() => undefined);
  }

  #take(offset: number, data: Bytes): void {
    if (offset !== this.#received) {
      this.fail(new FileError("wrong_offset", ""));
      return;
    }
    this.#received += data.length;
    const { request } = this;
    const write = async (): Promise<void> => {
      await this.#sink.write(data);
      this.#written += data.length;
      this.#progress(this.#written, this.#file?.size ?? 0);
      if (!this.isOver && request === this.request) {
        this.client.tell(request, { kind: "credit", bytes: data.length });
      }
    };
    this.#writing = this.#writing.then(write);
    this.#writing.catch(() => {
      this.client.tell(this.request, { kind: "cancel", discard: false });
      this.fail(new FileError("unwritable", ""));
    });
  }

  async #finish(): Promise<void> {
    try {
      await this.#writing;
      if (!this.isOver) {
        await this.#sink.close();
        this.succeed();
      }
    } catch {
      this.fail(new FileError("unwritable", ""));
    }
  }
}
