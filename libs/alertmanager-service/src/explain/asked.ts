import type { RouteExplanation } from '@tocsin/alerting';
import type { WallMs } from '@tocsin/kernel';
import type { AlertmanagerParts } from '../parts.ts';
import type { TenantAlertmanager } from '../tenant.ts';
import type { History } from './history.ts';
import type { Target } from './target.ts';

/** What one explanation is made from. */
export interface Asked {
  readonly tenant: TenantAlertmanager;
  readonly parts: AlertmanagerParts;
  readonly target: Target;
  readonly now: WallMs;
  readonly at: WallMs;
  readonly isPast: boolean;
  /** Only this receiver. */
  readonly receiver: string | undefined;
  readonly routing: RouteExplanation;
  readonly history: History;
}
