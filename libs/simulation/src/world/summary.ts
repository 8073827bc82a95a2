import type { Decision } from '@tocsin/model';

const short = (text: string): string => text.slice(0, 6);
const group = (key: string): string => key;

/** One decision in a few words, for the time line. */
export function summaryOf(decision: Decision): string {
  switch (decision.type) {
    case 'flush-due':
      return `flush ${group(decision.groupKey)} #${decision.flush} (${decision.alerts.length})`;
    case 'waited-for-turn':
      return `waited ${decision.waitMs} ms as #${decision.position} ${group(decision.groupKey)}`;
    case 'deduplicated': {
      const { entry } = decision;
      const by =
        entry === undefined ? 'no entry' : `${entry.isOwn ? 'own' : "peer's"} entry, ${entry.ageMs} ms old`;
      return `quiet ${group(decision.groupKey)}: ${by}`;
    }
    case 'attempted':
      return `attempt ${decision.attempt} ${group(decision.groupKey)} ${decision.status} ${decision.error} id ${short(decision.notificationId)}`;
    case 'delivered':
      return `DELIVERED ${group(decision.groupKey)} ${decision.reason} id ${short(decision.notificationId)}`;
    case 'gave-up':
      return `gave up ${group(decision.groupKey)}: ${decision.error}`;
    case 'silenced':
      return `silenced ${short(decision.fingerprint)}`;
    case 'alert-received':
      return `alert ${short(decision.fingerprint)} ${decision.change}`;
    case 'alert-routed':
      return `routed ${short(decision.fingerprint)} to ${decision.routes.map(({ groupKey }) => group(groupKey)).join(', ')}`;
    case 'rule-state-changed':
      return `rule ${decision.rule} ${short(decision.fingerprint)} ${decision.from} > ${decision.to}`;
    case 'silence-changed':
      return `silence ${short(decision.silence)} ${decision.change}`;
    default:
      return decision.type;
  }
}
