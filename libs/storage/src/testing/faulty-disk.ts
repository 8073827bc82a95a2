/** A disk that fills up, fails, or loses power at a chosen step. */
import { nodeDisk } from '../disk.ts';
import type { Disk } from '../disk.ts';

export interface FaultyDisk extends Disk {
  /** Steps taken so far; every change of the disk is one. */
  readonly steps: number;
  /** Paths given to `replace`. */
  readonly replaced: readonly string[];
  /** After `skipped` more steps `count` ones fail; an append may leave a part of itself behind. */
  failNext(count: number, skipped?: number): void;
  /** From the step of this number on nothing reaches the disk any more. */
  losePowerAt(step: number): void;
}

const fullError = (): Error =>
  Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

export function faultyDisk(): FaultyDisk {
  let steps = 0;
  let failing = { from: 0, to: 0 };
  let lastStep = Infinity;
  const replaced: string[] = [];
  /** Whether this step fails; `part` is done before. */
  const step = async (part: () => Promise<unknown> = () => Promise.resolve()): Promise<void> => {
    const isLast = ++steps === lastStep;
    if (steps > lastStep) throw new Error('EIO: power is off');
    if (isLast || (steps > failing.from && steps <= failing.to)) {
      await part();
      throw fullError();
    }
  };
  return {
    replaced,
    get steps() {
      return steps;
    },
    failNext(count, skipped = 0) {
      failing = { from: steps + skipped, to: steps + skipped + count };
    },
    losePowerAt(number) {
      lastStep = number;
    },
    makeFolder: (path) => nodeDisk.makeFolder(path),
    read: (path) => nodeDisk.read(path),
    async openAt(path, length) {
      await step();
      const file = await nodeDisk.openAt(path, length);
      return {
        async append(bytes) {
          await step(() => file.append(bytes.subarray(0, Math.floor(bytes.length / 2))));
          // On the disk, yet reported as failed: what a failing fsync does.
          await file.append(bytes);
          await step();
        },
        close: () => file.close(),
      };
    },
    async replace(path, chunks) {
      await step();
      replaced.push(path);
      return nodeDisk.replace(path, chunks);
    },
    async keepCopy(path, as) {
      await step();
      await nodeDisk.keepCopy(path, as);
    },
    async rename(from, to) {
      await step();
      await nodeDisk.rename(from, to);
    },
    async remove(path) {
      await step();
      await nodeDisk.remove(path);
    },
  };
}
