/** What a watcher asked for, and how it is told: the text of server-sent events. */
import { matchRoutes, matchesAll, type Silence } from '@tocsin/alerting';
import { AppError, type Clock, type HttpRequest, type WallMs } from '@tocsin/kernel';
import {
  compareInstants,
  formatMillis,
  instantOf,
  type Alert,
  type Decision,
  type DecisionEvent,
  type Fingerprint,
  type Matcher,
} from '@tocsin/model';
import type { AlertmanagerSettings } from '../settings.ts';
import type { TenantAlertmanager } from '../tenant.ts';
import { alertJson } from './alert-json.ts';
import { statusOf } from './live-alerts.ts';
import { all, filters } from './query.ts';
import { silenceJson } from './silences-api.ts';

export const watchKinds = ['alert', 'silence', 'notification', 'configuration'] as const;
export type WatchKind = (typeof watchKinds)[number];

/** Something that became true because time passed. */
export type Change =
  | { readonly kind: 'alert'; readonly alert: Alert }
  | { readonly kind: 'silence'; readonly silence: Silence; readonly change: 'started' | 'ended' };

/** What ended or began after `since` and not after `now`, without anybody saying so. */
export function changesByTime(tenant: TenantAlertmanager, since: WallMs, now: WallMs): readonly Change[] {
  const from = instantOf(since);
  const to = instantOf(now);
  const isBetween = (instant: Parameters<typeof compareInstants>[0]): boolean =>
    compareInstants(instant, from) > 0 && compareInstants(instant, to) <= 0;
  const changes: Change[] = [];
  for (const alert of tenant.alerts.alerts()) {
    // An end that was told when it came has its event already.
    if (isBetween(alert.endsAt) && compareInstants(alert.endsAt, alert.updatedAt) > 0)
      changes.push({ kind: 'alert', alert });
  }
  for (const silence of tenant.log.silences.entries()) {
    const isTold = (instant: Parameters<typeof compareInstants>[0]): boolean =>
      compareInstants(instant, silence.updatedAt) <= 0;
    if (isBetween(silence.endsAt) && !isTold(silence.endsAt))
      changes.push({ kind: 'silence', silence, change: 'ended' });
    else if (isBetween(silence.startsAt) && !isTold(silence.startsAt))
      changes.push({ kind: 'silence', silence, change: 'started' });
  }
  return changes;
}

export class WatchView {
  readonly #kinds: ReadonlySet<WatchKind>;
  readonly #matchers: readonly Matcher[];
  readonly #clock: Clock;
  readonly #replica: string;

  /** Reads `kind` and `filter`; throws AppError `invalid`. */
  constructor(
    request: HttpRequest,
    deps: {
      readonly clock: Clock;
      readonly settings: Pick<AlertmanagerSettings, 'matcherMode' | 'replica'>;
    },
  ) {
    this.#kinds = kindsOf(request);
    this.#matchers = filters(request, deps.settings.matcherMode);
    this.#clock = deps.clock;
    this.#replica = deps.settings.replica;
  }

  hello(id: string): string {
    return sse('hello', { replica: this.#replica, kinds: [...this.#kinds] }, id);
  }

  gap(id: string): string {
    return sse('gap', { message: 'changes were missed: read the lists again' }, id);
  }

  /** '' when the watcher does not want it. */
  ofEvent(tenant: TenantAlertmanager, { id, at, decision }: DecisionEvent): string {
    const time = formatMillis(instantOf(at));
    switch (decision.type) {
      case 'alert-received':
        return this.#ofAlert(tenant, decision.fingerprint, decision.change, time, id);
      case 'silence-changed':
        return this.#ofSilence(tenant, decision.silence, decision.change, time, id);
      case 'delivered':
      case 'gave-up':
        return this.#ofNotification(tenant, decision, time, id);
      case 'configuration-loaded':
        return this.#ofConfiguration({ change: 'loaded', at: time, hash: decision.hash }, id);
      case 'configuration-refused':
        return this.#ofConfiguration({ change: 'refused', at: time, error: decision.error }, id);
      default:
        return '';
    }
  }

  /** Without an id: it has no place in the log, so a client that comes back is not told again. */
  ofChange(tenant: TenantAlertmanager, change: Change): string {
    if (change.kind === 'alert') {
      const { fingerprint } = change.alert.labels;
      return this.#ofAlert(tenant, fingerprint, 'ended', formatMillis(change.alert.endsAt));
    }
    const { startsAt, endsAt, id } = change.silence;
    const at = formatMillis(change.change === 'ended' ? endsAt : startsAt);
    return this.#ofSilence(tenant, id, change.change, at);
  }

  #ofAlert(
    tenant: TenantAlertmanager,
    fingerprint: Fingerprint,
    change: string,
    at: string,
    id?: string,
  ): string {
    if (!this.#kinds.has('alert')) return '';
    const alert = tenant.alerts.get(fingerprint);
    if (alert === undefined) return sse('alert', { change, at, fingerprint }, id);
    if (!matchesAll(this.#matchers, alert.labels)) return '';
    const receivers = matchRoutes(tenant.configuration.route, alert.labels).map(({ receiver }) => receiver);
    const shown = alertJson(alert, statusOf(tenant, alert, [], this.#clock.wall()), receivers);
    return framed(
      'alert',
      `{"change":"${change}","at":"${at}","fingerprint":"${fingerprint}","alert":${shown}}`,
      id,
    );
  }

  #ofSilence(tenant: TenantAlertmanager, silenceId: string, change: string, at: string, id?: string): string {
    if (!this.#kinds.has('silence')) return '';
    const silence = tenant.log.silences.get(silenceId);
    const head = `"change":"${change}","at":"${at}","id":${JSON.stringify(silenceId)}`;
    if (silence === undefined) return framed('silence', `{${head}}`, id);
    return framed('silence', `{${head},"silence":${silenceJson(silence, this.#clock.wall())}}`, id);
  }

  #ofNotification(
    tenant: TenantAlertmanager,
    decision: Extract<Decision, { type: 'delivered' | 'gave-up' }>,
    at: string,
    id: string,
  ): string {
    if (!this.#kinds.has('notification')) return '';
    const { groupKey, receiver, notificationId, reason, attempts } = decision;
    if (this.#matchers.length > 0 && !this.#hasGroup(tenant, groupKey)) return '';
    return sse(
      'notification',
      {
        change: decision.type,
        at,
        groupKey,
        receiver: receiver.groupName,
        integration: receiver.integration,
        index: receiver.index,
        notificationId,
        reason,
        attempts,
        ...(decision.type === 'gave-up' ? { failure: decision.failure, error: decision.error } : {}),
      },
      id,
    );
  }

  /** A group whose last alert was told to be over is gone: whether it matched can't be said, so it is told. */
  #hasGroup(tenant: TenantAlertmanager, groupKey: string): boolean {
    const group = tenant.groups.find(({ key }) => key === groupKey);
    if (group === undefined) return true;
    for (const { labels } of group.alerts.values()) if (matchesAll(this.#matchers, labels)) return true;
    return false;
  }

  #ofConfiguration(data: object, id: string): string {
    return this.#kinds.has('configuration') ? sse('configuration', data, id) : '';
  }
}

function kindsOf(request: HttpRequest): ReadonlySet<WatchKind> {
  const words = all(request, 'kind')
    .flatMap((text) => text.split(','))
    .filter((word) => word !== '');
  const unknown = words.find((word) => !watchKinds.some((kind) => kind === word));
  if (unknown !== undefined)
    throw AppError.invalid(`kind: expected ${watchKinds.join(', ')}, found ${JSON.stringify(unknown)}`);
  return new Set(words.length === 0 ? watchKinds : (words as WatchKind[]));
}

const sse = (event: string, data: object, id?: string): string => framed(event, JSON.stringify(data), id);
/** `json` is one line: JSON escapes line breaks. */
const framed = (event: string, json: string, id?: string): string =>
  `${id === undefined || id === '' ? '' : `id: ${id}\n`}event: ${event}\ndata: ${json}\n\n`;
