/**
 * @module cluster/memberlist/lzw
 *
 * LZW as Go's `compress/lzw` does it with LSB order and 8-bit literals: clear code 256, end code
 * 257, widths 9 to 12, no early change. Byte for byte the same output as Go (gossip spec 1.6).
 */
import { AppError } from '@tocsin/kernel';

const CLEAR = 256;
const END = 257;
const FIRST_WIDTH = 9;
const MAX_WIDTH = 12;
const MAX_CODE = (1 << MAX_WIDTH) - 1;
const NONE = -1;

/** (prefix code, next byte) to code; 0 is "not there". Empty between calls, so that calls can share it. */
let pairs: Uint16Array | undefined;

export function compressLzw(plain: Uint8Array): Uint8Array {
  const out = new BitWriter(plain.length);
  if (plain.length === 0) {
    out.write(CLEAR, FIRST_WIDTH);
    out.write(END, FIRST_WIDTH);
    return out.done();
  }
  pairs ??= new Uint16Array((MAX_CODE + 1) << 8);
  const encoder = new Encoder(out, pairs);
  out.write(CLEAR, FIRST_WIDTH);
  let code = plain[0] ?? 0;
  for (let index = 1; index < plain.length; index++) {
    const byte = plain[index] ?? 0;
    const pair = (code << 8) | byte;
    const known = pairs[pair] ?? 0;
    if (known !== 0) {
      code = known;
      continue;
    }
    encoder.emit(code);
    encoder.store(pair);
    code = byte;
  }
  encoder.emit(code);
  encoder.store(NONE);
  encoder.emit(END);
  encoder.forget();
  return out.done();
}

class Encoder {
  readonly #out: BitWriter;
  readonly #pairs: Uint16Array;
  readonly #stored: number[] = [];
  #width = FIRST_WIDTH;
  #high = END;
  #overflow = 1 << FIRST_WIDTH;

  constructor(out: BitWriter, table: Uint16Array) {
    this.#out = out;
    this.#pairs = table;
  }

  emit(code: number): void {
    this.#out.write(code, this.#width);
  }

  /** Gives the next code to `pair`, or starts over when codes have run out. */
  store(pair: number): void {
    this.#high++;
    if (this.#high === this.#overflow) {
      this.#width++;
      this.#overflow *= 2;
    }
    if (this.#high === MAX_CODE) {
      this.emit(CLEAR);
      this.#width = FIRST_WIDTH;
      this.#high = END;
      this.#overflow = 1 << FIRST_WIDTH;
      this.forget();
    } else if (pair !== NONE) {
      this.#pairs[pair] = this.#high;
      this.#stored.push(pair);
    }
  }

  forget(): void {
    for (const pair of this.#stored) this.#pairs[pair] = 0;
    this.#stored.length = 0;
  }
}

/** Throws AppError `invalid` for bad codes, a missing end, or more than `maxBytes` of output. */
export function decompressLzw(packed: Uint8Array, maxBytes: number): Uint8Array {
  const bits = new BitReader(packed);
  const out = new Output(maxBytes, Math.min(maxBytes, 4 * packed.length + 64));
  const prefix = new Uint16Array(MAX_CODE + 1);
  const suffix = new Uint8Array(MAX_CODE + 1);
  const chain = new Uint8Array(MAX_CODE + 1);
  let width = FIRST_WIDTH;
  let high = END;
  let overflow = 1 << FIRST_WIDTH;
  let last = NONE;
  for (;;) {
    const code = bits.read(width);
    if (code === END) return out.done();
    if (code === CLEAR) {
      width = FIRST_WIDTH;
      high = END;
      overflow = 1 << FIRST_WIDTH;
      last = NONE;
      continue;
    }
    if (code > high) throw AppError.invalid(`compressed data: code ${code} was not defined`);
    let at = chain.length;
    let walk = code;
    if (code === high && last !== NONE) {
      // The code being defined right now: the last expansion, then its own first byte again.
      at--;
      walk = last;
    }
    while (walk >= CLEAR) {
      chain[--at] = suffix[walk] ?? 0;
      walk = prefix[walk] ?? 0;
    }
    chain[--at] = walk;
    if (code === high && last !== NONE) chain[chain.length - 1] = walk;
    out.append(chain, at);
    if (last !== NONE) {
      suffix[high] = walk;
      prefix[high] = last;
    }
    last = code;
    high++;
    if (high < overflow) continue;
    if (width === MAX_WIDTH) {
      last = NONE;
      high--;
    } else {
      width++;
      overflow = 1 << width;
    }
  }
}

class BitWriter {
  #bytes: Uint8Array;
  #at = 0;
  #pending = 0;
  #count = 0;

  constructor(plainLength: number) {
    this.#bytes = new Uint8Array(plainLength + 16);
  }

  write(code: number, width: number): void {
    this.#pending |= code << this.#count;
    this.#count += width;
    while (this.#count >= 8) this.#flushByte();
  }

  done(): Uint8Array {
    if (this.#count > 0) this.#flushByte();
    return this.#bytes.subarray(0, this.#at);
  }

  #flushByte(): void {
    if (this.#at === this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#bytes.length);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#at++] = this.#pending & 0xff;
    this.#pending >>>= 8;
    this.#count -= 8;
  }
}

class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #pending = 0;
  #count = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(width: number): number {
    while (this.#count < width) {
      if (this.#at >= this.#bytes.length) throw AppError.invalid('compressed data: ends early');
      this.#pending |= (this.#bytes[this.#at++] ?? 0) << this.#count;
      this.#count += 8;
    }
    const code = this.#pending & ((1 << width) - 1);
    this.#pending >>>= width;
    this.#count -= width;
    return code;
  }
}

class Output {
  readonly #maxBytes: number;
  #bytes: Uint8Array;
  #at = 0;

  constructor(maxBytes: number, capacity: number) {
    this.#maxBytes = maxBytes;
    this.#bytes = new Uint8Array(capacity);
  }

  /** `chain` from `from` to its end. */
  append(chain: Uint8Array, from: number): void {
    const needed = this.#at + chain.length - from;
    if (needed > this.#maxBytes)
      throw AppError.invalid(`compressed data: larger than ${this.#maxBytes} bytes when decompressed`);
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(this.#maxBytes, Math.max(needed, 2 * this.#bytes.length)));
      grown.set(this.#bytes.subarray(0, this.#at));
      this.#bytes = grown;
    }
    for (let index = from; index < chain.length; index++) this.#bytes[this.#at++] = chain[index] ?? 0;
  }

  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }
}
