/** What the next flush would do for one integration, and when the next message goes out, in one sentence. */
import type { IntegrationConfig } from '@tocsin/alerting';
import type { WallMs } from '@tocsin/kernel';
import { isResolvedAt, msOf, type Alert } from '@tocsin/model';
import type { Group } from '../dispatcher.ts';
import type { NextFacts } from './explanation.ts';
import type { Asked } from './asked.ts';
import { outlook, type Others } from './outlook.ts';
import { suppressionWords } from './suppression.ts';
import { iso, isoOrNull, named } from './words.ts';

/** Changes of mutes that are passed over in the search for the next message. */
const ITEMS_MAX = 20;
/** Messages further away are of no interest at night. */
const AHEAD_MAX_MS = 8 * 24 * 3_600_000;

export function nextOf(
  { tenant, parts, at }: Asked,
  group: Group,
  alert: Alert,
  { integration, index, sendResolved }: IntegrationConfig,
  others: Others,
): NextFacts {
  const isResolved = isResolvedAt(alert, at);
  const { items } = outlook(
    tenant,
    {
      route: group.route,
      group,
      labels: alert.labels,
      resolvesAt: isResolved ? msOf(alert.endsAt) : undefined,
      now: at,
      until: at + AHEAD_MAX_MS,
      itemsMax: ITEMS_MAX,
      settings: parts.settings,
      others,
    },
    (name, place) => name === integration && place === index,
  );
  const { nextFlushAt } = group;
  const message = items.find((item) => item.kind === 'notification');
  const held = items.find((item) => item.kind === 'suppressed' && item.at === nextFlushAt);
  const receiver = named({ groupName: group.route.receiver, integration, index });
  const head = headOf(tenant.isGateOpen, group);
  const facts = (text: string): NextFacts => ({
    flushAt: iso(nextFlushAt),
    wouldSend: message?.at === nextFlushAt,
    sendsAt: isoOrNull(message?.at),
    reason: message?.reason ?? 'none',
    text,
  });
  if (message?.at === nextFlushAt) return facts(`${head}: would send to ${receiver} (${message.reason}).`);
  if (held?.kind === 'suppressed') {
    const then =
      message === undefined ? '' : `; the flush at ${iso(message.at)} would send (${message.reason})`;
    const why = suppressionWords(tenant, group.route, held.by, nextFlushAt, at);
    return facts(`${head}: would not send to ${receiver}: ${why}${then}.`);
  }
  if (isResolved) {
    const why = sendResolved ? 'nobody was told that it fires' : 'send_resolved is false';
    return facts(`${head}: would not send to ${receiver}: ${why}.`);
  }
  return facts(`${head}: would not send to ${receiver}: nothing new${repeats(message?.at)}.`);
}

function headOf(isGateOpen: boolean, { flushes, lastFlushAt, flushingSince, nextFlushAt }: Group): string {
  if (!isGateOpen) return 'First flush when this replica has settled';
  if (flushingSince !== undefined) return `After the flush under way, next flush at ${iso(nextFlushAt)}`;
  return `${flushes === 0 && lastFlushAt === undefined ? 'First' : 'Next'} flush at ${iso(nextFlushAt)}`;
}

const repeats = (at: WallMs | undefined): string =>
  at === undefined ? '' : `; repeats at ${iso(at)} earliest`;
