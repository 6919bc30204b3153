/** Bounded, little-endian reading of one record's body. */

/** Bytes that this client owns or views, never shared between threads. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** The gateway sent something that the link's specification does not allow. */
export class MessageError extends Error {
  override readonly name = "MessageError";
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Walks `bytes` from their first to their last; every read past the end throws. */
export class Reader {
  readonly #bytes: Bytes;
  readonly #view: DataView;
  readonly #field: string;
  #at = 0;

  /** `field` names what is being read, for error messages. */
  constructor(bytes: Bytes, field: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#field = field;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** @throws {MessageError} at the end of the bytes, as every method here. */
  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u24(): number {
    const at = this.#advance(3);
    return this.#view.getUint16(at, true) + (this.#view.getUint8(at + 2) << 16);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  /** The next `length` bytes, as a view. */
  bytes(length: number): Bytes {
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Everything to the end, as a view. */
  rest(): Bytes {
    return this.bytes(this.left);
  }

  /** `length` bytes of UTF-8; everything to the end unless a length is given. */
  text(length = this.left): string {
    const bytes = this.bytes(length);
    try {
      return utf8.decode(bytes);
    } catch {
      throw new MessageError(`${this.#field} is not UTF-8`);
    }
  }

  #advance(length: number): number {
    const at = this.#at;
    if (this.left < length) {
      throw new MessageError(`${this.#field} has ${this.#bytes.length} bytes and needs ${at + length}`);
    }
    this.#at = at + length;
    return at;
  }
}
