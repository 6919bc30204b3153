/**
 * A synchronous, bounded decoder of raw deflate streams (RFC 1951).
 *
 * The caller gives the output, and its length is the bound: a stream that wants to write past it
 * fails at once, so that neither memory nor time depends on what the stream claims. Browsers have
 * `DecompressionStream`, but it is asynchronous, and its round trips through promises cost more
 * than decoding the small blocks that make up most frames.
 */

/** The stream is not deflate, stops early, or holds more than its output takes. */
export class InflateError extends Error {
  override readonly name = "InflateError";
}

const CODE_BITS_MAX = 15;
/** A table maps the next `bits` bits of the stream to `symbol << 4 | length`; 0 is no code. */
interface Table {
  readonly codes: Uint16Array;
  bits: number;
}

const LENGTH_EXTRA = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0);
const DISTANCE_EXTRA = Uint8Array.from({ length: 30 }, (_, code) => Math.max(0, (code >> 1) - 1));
const LENGTH_BASE = lengthBases();
const DISTANCE_BASE = distanceBases();
/** The order in which a dynamic block gives the lengths of its code length code. */
const CODE_ORDER = Uint8Array.of(16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15);

// One set of tables serves every call: the decoder is synchronous and a thread has one of it.
const literals: Table = { codes: new Uint16Array(1 << CODE_BITS_MAX), bits: 0 };
const distances: Table = { codes: new Uint16Array(1 << CODE_BITS_MAX), bits: 0 };
const codeLengths: Table = { codes: new Uint16Array(1 << 7), bits: 0 };
const lengths = new Uint8Array(320);

/**
 * Decodes the stream in `data` into `out` and returns the number of bytes written.
 *
 * @throws {InflateError} on a broken stream, or one with more than `out.length` bytes in it.
 */
export function inflate(data: Uint8Array, out: Uint8Array): number {
  // Positions count bits: at most 2^27, as a record holds less than 16 MiB.
  let at = 0;
  let written = 0;
  let last = false;
  while (!last) {
    const head = peek(data, at);
    at += 3;
    last = (head & 1) !== 0;
    switch ((head >> 1) & 3) {
      case 0:
        [at, written] = copyStored(data, at, out, written);
        break;
      case 1:
        buildFixed();
        [at, written] = inflateBlock(data, at, out, written);
        break;
      case 2:
        at = readDynamic(data, at);
        [at, written] = inflateBlock(data, at, out, written);
        break;
      default:
        throw new InflateError("block type 3 is reserved");
    }
    if (at > data.length * 8) {
      throw new InflateError("the stream is cut short");
    }
  }
  return written;
}

/** At least 17 bits from bit `at`. Past the end of the data they are zero. */
function peek(data: Uint8Array, at: number): number {
  const byte = at >>> 3;
  // An index past the end gives undefined, which the shifts turn into 0.
  const bits = (data[byte] as number) | ((data[byte + 1] as number) << 8) | ((data[byte + 2] as number) << 16);
  return bits >>> (at & 7);
}

function copyStored(data: Uint8Array, at: number, out: Uint8Array, written: number): [number, number] {
  const from = (at + 7) >>> 3;
  const length = (data[from] ?? 0) | ((data[from + 1] ?? 0) << 8);
  const check = (data[from + 2] ?? 0) | ((data[from + 3] ?? 0) << 8);
  const end = from + 4 + length;
  if ((length ^ check) !== 0xffff || end > data.length) {
    throw new InflateError("a stored block is cut or garbled");
  }
  checkRoom(written + length, out);
  out.set(data.subarray(from + 4, end), written);
  return [end * 8, written + length];
}

/** Decodes symbols with the current tables to the end of the block. The inner loop of the client. */
function inflateBlock(data: Uint8Array, start: number, out: Uint8Array, startWritten: number): [number, number] {
  // The casts are sound: a code found in a table is below its length, and masks bound the rest.
  const { codes, bits } = literals;
  const mask = (1 << bits) - 1;
  const distanceMask = (1 << distances.bits) - 1;
  const endBits = data.length * 8;
  const limit = out.length;
  let at = start;
  let written = startWritten;
  for (;;) {
    const entry = codes[peek(data, at) & mask] as number;
    const symbol = entry >>> 4;
    at += entry & 15;
    if (entry === 0 || at > endBits) {
      throw new InflateError("a code is unknown or the stream is cut short");
    }
    if (symbol < 256) {
      if (written === limit) {
        throw new InflateError(`the stream holds more than ${limit} bytes`);
      }
      out[written++] = symbol;
      continue;
    }
    if (symbol === 256) {
      return [at, written];
    }
    const lengthCode = symbol - 257;
    if (lengthCode > 28) {
      throw new InflateError(`length code ${symbol} is reserved`);
    }
    const lengthExtra = LENGTH_EXTRA[lengthCode] as number;
    const length = (LENGTH_BASE[lengthCode] as number) + (peek(data, at) & ((1 << lengthExtra) - 1));
    at += lengthExtra;
    const distanceEntry = distances.codes[peek(data, at) & distanceMask] as number;
    const distanceCode = distanceEntry >>> 4;
    if (distanceEntry === 0 || distanceCode > 29) {
      throw new InflateError("a distance code is unknown");
    }
    at += distanceEntry & 15;
    const distanceExtra = DISTANCE_EXTRA[distanceCode] as number;
    const distance = (DISTANCE_BASE[distanceCode] as number) + (peek(data, at) & ((1 << distanceExtra) - 1));
    at += distanceExtra;
    if (distance > written) {
      throw new InflateError(`distance ${distance} reaches before the first byte`);
    }
    checkRoom(written + length, out);
    written = repeat(out, written, distance, length);
  }
}

/** Copies `length` bytes from `distance` back; source and target may overlap. */
function repeat(out: Uint8Array, written: number, distance: number, length: number): number {
  const end = written + length;
  if (distance === 1) {
    out.fill(out[written - 1] as number, written, end);
  } else if (distance >= length && length > 32) {
    out.copyWithin(written, written - distance, written - distance + length);
  } else {
    for (let at = written; at < end; at++) {
      out[at] = out[at - distance] as number;
    }
  }
  return end;
}

function checkRoom(end: number, out: Uint8Array): void {
  if (end > out.length) {
    throw new InflateError(`the stream holds more than ${out.length} bytes`);
  }
}

function buildFixed(): void {
  lengths.fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280, 288);
  buildTable(literals, 0, 288);
  lengths.fill(5, 0, 32);
  buildTable(distances, 0, 32);
}

/** Reads a dynamic block's header (RFC 1951 §3.2.7) into the tables; returns the position after it. */
function readDynamic(data: Uint8Array, start: number): number {
  const head = peek(data, start);
  const literalCount = 257 + (head & 31);
  const distanceCount = 1 + ((head >> 5) & 31);
  const orderCount = 4 + ((head >> 10) & 15);
  let at = start + 14;
  lengths.fill(0, 0, 19);
  for (const code of CODE_ORDER.subarray(0, orderCount)) {
    lengths[code] = peek(data, at) & 7;
    at += 3;
  }
  buildTable(codeLengths, 0, 19);
  const mask = (1 << codeLengths.bits) - 1;
  const total = literalCount + distanceCount;
  let filled = 0;
  while (filled < total) {
    const bits = peek(data, at);
    const entry = codeLengths.codes[bits & mask] ?? 0;
    if (entry === 0) {
      throw new InflateError("a code length is unknown");
    }
    const symbol = entry >>> 4;
    const extra = bits >>> (entry & 15);
    at += entry & 15;
    let value = symbol;
    let times = 1;
    if (symbol === 16) {
      if (filled === 0) {
        throw new InflateError("the first code length repeats nothing");
      }
      value = lengths[filled - 1] ?? 0;
      times = 3 + (extra & 3);
      at += 2;
    } else if (symbol === 17) {
      value = 0;
      times = 3 + (extra & 7);
      at += 3;
    } else if (symbol === 18) {
      value = 0;
      times = 11 + (extra & 127);
      at += 7;
    }
    if (filled + times > total) {
      throw new InflateError("code lengths run past their count");
    }
    lengths.fill(value, filled, filled + times);
    filled += times;
  }
  buildTable(literals, 0, literalCount);
  buildTable(distances, literalCount, total);
  return at;
}

/** Builds the table of the canonical code whose lengths are `lengths[from..to]`. */
function buildTable(table: Table, from: number, to: number): void {
  const counts = new Uint16Array(CODE_BITS_MAX + 1);
  for (const length of lengths.subarray(from, to)) {
    counts[length] = (counts[length] ?? 0) + 1;
  }
  counts[0] = 0;
  let bits = CODE_BITS_MAX;
  while (bits > 0 && counts[bits] === 0) {
    bits--;
  }
  table.bits = bits;
  const size = 1 << bits;
  table.codes.fill(0, 0, size);
  const next = new Uint16Array(CODE_BITS_MAX + 2);
  let code = 0;
  for (let length = 1; length <= bits; length++) {
    code = (code + (counts[length - 1] ?? 0)) << 1;
    next[length] = code;
    if (code + (counts[length] ?? 0) > 1 << length) {
      throw new InflateError("a code has more words than bits allow");
    }
  }
  for (let at = from; at < to; at++) {
    const length = lengths[at] ?? 0;
    if (length !== 0) {
      const word = next[length] ?? 0;
      next[length] = word + 1;
      const entry = ((at - from) << 4) | length;
      for (let slot = reverse(word, length); slot < size; slot += 1 << length) {
        table.codes[slot] = entry;
      }
    }
  }
}

/** The low `length` bits of `word`, in the other order: codes travel most significant bit first. */
function reverse(word: number, length: number): number {
  let reversed = 0;
  for (let bit = 0; bit < length; bit++) {
    reversed = (reversed << 1) | ((word >> bit) & 1);
  }
  return reversed;
}

function lengthBases(): Uint16Array {
  const bases = new Uint16Array(29);
  let base = 3;
  for (let code = 0; code < 28; code++) {
    bases[code] = base;
    base += 1 << (LENGTH_EXTRA[code] ?? 0);
  }
  // The last code stands for 258 alone, not for the end of the row before it.
  bases[28] = 258;
  return bases;
}

function distanceBases(): Uint16Array {
  const bases = new Uint16Array(30);
  let base = 1;
  for (let code = 0; code < 30; code++) {
    bases[code] = base;
    base += 1 << (DISTANCE_EXTRA[code] ?? 0);
  }
  return bases;
}
