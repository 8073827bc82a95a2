import type { WallMs } from '@tocsin/kernel';
import { compareInstants, instantOf, type Instant } from './instant.ts';
import type { LabelSet } from './label-set.ts';

/** Grafana's organisation; the empty string is the default tenant. */
export type Tenant = string;

/** An alert as the alertmanager holds it. Immutable: an update is a new value. */
export interface Alert {
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  readonly startsAt: Instant;
  /** Always set: explicit, or received + resolve_timeout when `isTimeout`. */
  readonly endsAt: Instant;
  /** No end was given, so silence of the sender is what ends it. */
  readonly isTimeout: boolean;
  readonly updatedAt: Instant;
  readonly generatorUrl: string;
  /** W3C trace context of the evaluation or request that last changed it; '' when none. */
  readonly traceparent: string;
}

/** "Resolved at t" of spec/alertmanager.md 3.3: the end is not after t. */
export const isResolvedAt = (alert: Pick<Alert, 'endsAt'>, now: WallMs): boolean =>
  compareInstants(alert.endsAt, instantOf(now)) <= 0;
