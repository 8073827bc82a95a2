/** How much memory the process may take beyond what it uses (ADR 0015). */
import { setFlagsFromString } from 'node:v8';

/** Growth of the heap, over what was alive after the last full collection, that brings about the next. */
const GROWTH_PERCENT = 50;

/**
 * Call it first. Node lets a heap grow to twice what is in it, and to four times under load, and gives
 * nothing back as long as there is no reason to collect: half a gigabyte for a hundred thousand alerts.
 */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
