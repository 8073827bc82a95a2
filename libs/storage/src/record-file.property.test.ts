import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StateKind } from '@tocsin/kernel';
import { decodeKeyText, encodeKeyText } from './key-text.ts';
import { encodeRecord, isRecordFile, readRecordFile, recordFileHeader } from './record-file.ts';
import type { Operation } from './record-file.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.nat(0xffff), { maxLength: 10 }).map((units) => String.fromCharCode(...units)),
);
const version = {
  tenant: anyText,
  key: anyText,
  seconds: fc.maxSafeInteger(),
  nanos: fc.nat(999_999_999),
};
const kind = fc.constantFrom<StateKind>('nflog', 'silence', 'alert', 'group', 'rule-instance');
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    does: fc.constant('merge' as const),
    kind,
    rows: fc.array(
      fc.record({ ...version, expiresAtMs: fc.maxSafeInteger(), bytes: fc.uint8Array({ maxLength: 50 }) }),
    ),
  }),
  fc.record({ does: fc.constant('remove' as const), kind, rows: fc.array(fc.record(version)) }),
);
const operations = fc.array(operation, { maxLength: 6 });
const fileOf = (written: readonly Operation[]): Buffer =>
  Buffer.concat([recordFileHeader, ...written.map(encodeRecord)]);
const texts = (read: readonly Operation[]): readonly string[] => read.map((each) => JSON.stringify(each));

describe('key text', () => {
  it('brings every string back, lone surrogates and NUL included', () => {
    fc.assert(
      fc.property(anyText, (text) => decodeKeyText(encodeKeyText(text)) === text),
      { numRuns: 1_000 },
    );
  });

  it('never encodes two strings alike', () => {
    fc.assert(
      fc.property(anyText, anyText, (one, other) => {
        expect(encodeKeyText(one).equals(encodeKeyText(other))).toBe(one === other);
      }),
    );
  });

  it('never holds the byte 0xff, which marks shortened keys', () => {
    fc.assert(fc.property(anyText, (text) => !encodeKeyText(text).includes(0xff)));
  });
});

describe('record file', () => {
  it('gives back every operation as it was written', () => {
    fc.assert(
      fc.property(operations, (written) => {
        const file = fileOf(written);
        const content = readRecordFile(file);
        expect(texts(content.operations)).toEqual(texts(written));
        expect(content).toMatchObject({ isTorn: false, unreadable: 0, soundBytes: file.length });
      }),
    );
  });

  it('keeps exactly the complete records of a file that was cut off anywhere', () => {
    fc.assert(
      fc.property(operations, fc.nat(), (written, where) => {
        const file = fileOf(written);
        const length = where % (file.length + 1);
        const cut = file.subarray(0, length);
        expect(isRecordFile(cut)).toBe(true);
        const content = readRecordFile(cut);
        let end = recordFileHeader.length;
        const complete = written.filter((each) => {
          end += encodeRecord(each).length;
          return end <= length;
        });
        expect(texts(content.operations)).toEqual(texts(complete));
        expect(content.unreadable).toBe(0);
        expect(content.isTorn).toBe(length > 0 && length !== content.soundBytes);
        expect(readRecordFile(file.subarray(0, content.soundBytes)).isTorn).toBe(false);
      }),
    );
  });

  it('loses no more than one record to one damaged byte, wherever it is', () => {
    fc.assert(
      fc.property(operations, fc.nat(), fc.integer({ min: 1, max: 255 }), (written, where, mask) => {
        fc.pre(written.length > 0);
        const file = fileOf(written);
        const at = recordFileHeader.length + (where % (file.length - recordFileHeader.length));
        file[at] = (file[at] ?? 0) ^ mask;
        const { isTorn, operations: read, unreadable } = readRecordFile(file);
        expect(read).toHaveLength(written.length - 1);
        expect(texts(written)).toEqual(expect.arrayContaining([...texts(read)]));
        // Damage at the very end can't be told from a record that was not finished.
        expect(Number(isTorn) + unreadable).toBe(1);
      }),
    );
  });

  it('takes zeros at the end, as a power cut leaves them, for an unfinished record', () => {
    const sound = fileOf([{ does: 'remove', kind: 'alert', rows: [] }]);
    const content = readRecordFile(Buffer.concat([sound, Buffer.alloc(1_000)]));
    expect(content).toMatchObject({ isTorn: true, unreadable: 0, soundBytes: sound.length });
    expect(content.operations).toHaveLength(1);
  });

  it('passes over what a newer release wrote, and counts it', () => {
    const newer = encodeRecord({ does: 'remove', kind: 'alert', rows: [] });
    const file = fileOf([
      { does: 'remove', kind: 'group', rows: [] },
      { does: 'remove', kind: 'nflog', rows: [] },
    ]);
    const unknownKind = Buffer.from(newer);
    unknownKind.writeUInt8(99, 9);
    // With a checksum that fits.
    unknownKind.writeUInt32LE(crcOf(unknownKind.subarray(8)), 4);
    const content = readRecordFile(
      Buffer.concat([recordFileHeader, unknownKind, file.subarray(recordFileHeader.length)]),
    );
    expect(content.operations.map((each) => each.kind)).toEqual(['group', 'nflog']);
    expect(content).toMatchObject({ isTorn: false, unreadable: 1 });
  });

  it('does not take a file of another version or program for its own', () => {
    expect(isRecordFile(Buffer.from('tocsin\0\u0002', 'latin1'))).toBe(false);
    expect(isRecordFile(Buffer.from('something else'))).toBe(false);
    expect(isRecordFile(Buffer.alloc(0))).toBe(true);
  });
});

function crcOf(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return (crc ^ 0xffffffff) >>> 0;
}
