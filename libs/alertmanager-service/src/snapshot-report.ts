import type { Meter } from '@tocsin/kernel';
import { stateMetrics as metrics } from './state-metrics.ts';

/** One writing of a snapshot file, as the file store tells of it. */
export interface SnapshotReport {
  /** `nflog`, `silences`, or another. */
  readonly file: string;
  readonly bytes: number;
  readonly tookMs: number;
  /** Present when it failed. */
  readonly cause?: unknown;
}

/** Counts a snapshot in Alertmanager's metrics. */
export function countSnapshot(meter: Meter, { file, bytes, tookMs, cause }: SnapshotReport): void {
  const specs =
    file === 'nflog'
      ? ([metrics.nflogSnapshot, metrics.nflogSnapshotSize, metrics.nflogMaintenanceErrors] as const)
      : file === 'silences'
        ? ([
            metrics.silencesSnapshot,
            metrics.silencesSnapshotSize,
            metrics.silencesMaintenanceErrors,
          ] as const)
        : undefined;
  if (specs === undefined) return;
  const [duration, size, errors] = specs;
  meter.observe(duration, tookMs / 1000, {});
  if (cause === undefined) meter.set(size, bytes, {});
  else meter.add(errors, 1, {});
}
