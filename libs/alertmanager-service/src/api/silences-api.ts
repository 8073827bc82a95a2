/** `/api/v2/silences` and `/api/v2/silence/{id}`. */
import {
  compileMatcher,
  expireSilence,
  setSilence,
  silenceState,
  type Silence,
  type SilenceRequest,
  type SilenceSettings,
  type SilenceState,
} from '@tocsin/alerting';
import { bodyText, type HttpRequest, type HttpResponse, type Timers, type WallMs } from '@tocsin/kernel';
import { LabelSet, formatMillis, type MatchType } from '@tocsin/model';

import type { AlertmanagerSettings } from '../settings.ts';
import type { TenantAlertmanager } from '../tenant.ts';
import { empty, malformed, ok, okJson } from './answer.ts';
import { instantKey, PageCollector, readPageRequest } from './paging.ts';
import { readSilence, type PostedMatcher } from './post-body.ts';
import { filters, flag } from './query.ts';
import { inSlices, jsonList } from './slices.ts';

// Upstream takes one without dashes too; no silence has such an id.
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const STATES: readonly SilenceState[] = ['active', 'pending', 'expired'];

export function getSilences(
  tenant: TenantAlertmanager,
  request: HttpRequest,
  settings: AlertmanagerSettings,
  now: WallMs,
  timers: Timers,
): HttpResponse {
  const found = querySilences(tenant, request, settings, now);
  return okJson(jsonList(found, timers, (silence) => silenceJson(silence, now)));
}

const SORT_KEYS: ReadonlyMap<string, (silence: Silence) => string> = new Map([
  ['id', ({ id }) => id],
  ['startsAt', ({ startsAt }) => instantKey(startsAt)],
  ['endsAt', ({ endsAt }) => instantKey(endsAt)],
  ['updatedAt', ({ updatedAt }) => instantKey(updatedAt)],
  ['createdBy', ({ createdBy }) => createdBy],
]);

/** `/api/v2/tocsin/silences`: the same in pages, sorted, with the number of all. */
export async function getSilencePage(
  tenant: TenantAlertmanager,
  request: HttpRequest,
  settings: AlertmanagerSettings,
  now: WallMs,
  timers: Timers,
): Promise<HttpResponse> {
  const wanted = readPageRequest(request, {
    isField: (field) => SORT_KEYS.has(field),
    fields: [...SORT_KEYS.keys()].join(', '),
    byDefault: '-startsAt',
  });
  const key = SORT_KEYS.get(wanted.field) ?? (({ id }: Silence): string => id);
  const collector = new PageCollector<Silence>(wanted);
  await inSlices(querySilences(tenant, request, settings, now), timers, (silence) =>
    collector.add(silence, key(silence), silence.id),
  );
  const { items, next, total } = collector.page();
  const more = next === undefined ? '' : `"next":${JSON.stringify(next)},`;
  const shown = items.map((silence) => silenceJson(silence, now)).join(',');
  return okJson(`{${more}"silences":[${shown}],"total":${total}}\n`);
}

function querySilences(
  tenant: TenantAlertmanager,
  request: HttpRequest,
  settings: AlertmanagerSettings,
  now: WallMs,
): readonly Silence[] {
  const filter = filters(request, settings.matcherMode);
  const states = new Set(STATES.filter((state) => flag(request, state, true)));
  return tenant.log.silences.query({ filter, states }, now);
}

export async function postSilence(
  tenant: TenantAlertmanager,
  request: HttpRequest,
  settings: AlertmanagerSettings,
  now: WallMs,
  newId: () => string,
): Promise<HttpResponse> {
  const posted = readSilence(bodyText(request));
  const wish = {
    id: posted.id,
    matcherSets: [
      posted.matchers.map((matcher) => ({ name: matcher.name, type: typeOf(matcher), value: matcher.value })),
    ],
    startsAt: posted.startsAt,
    endsAt: posted.endsAt,
    createdBy: posted.createdBy,
    comment: posted.comment,
    annotations: LabelSet.of(posted.annotations),
  };
  return ok({ silenceID: await storeSilence(tenant, wish, settings, now, newId) });
}

/** For whoever asks, the API or the page: checks, stores, tells the peers. Answers the id that now holds the wish. */
export async function storeSilence(
  tenant: TenantAlertmanager,
  wish: SilenceRequest,
  settings: AlertmanagerSettings,
  now: WallMs,
  newId: () => string,
): Promise<string> {
  const { id, changed } = setSilence(tenant.log.silences, wish, now, newId, silenceSettings(settings));
  await tenant.log.changeSilences(changed, id === wish.id ? 'updated' : 'created');
  return id;
}

/** Does nothing to one that has ended. */
export async function endSilence(
  tenant: TenantAlertmanager,
  silence: Silence,
  settings: AlertmanagerSettings,
  now: WallMs,
): Promise<void> {
  const expired = expireSilence(silence, now, silenceSettings(settings));
  if (expired !== undefined) await tenant.log.changeSilences([expired], 'expired');
}

export async function withSilence(
  tenant: TenantAlertmanager,
  request: HttpRequest,
  id: string,
  settings: AlertmanagerSettings,
  now: WallMs,
): Promise<HttpResponse> {
  if (!UUID.test(id))
    return malformed(422, 601, `silenceID in path must be of type uuid: ${JSON.stringify(id)}`);
  const silence = tenant.log.silences.get(id.toLowerCase());
  if (silence === undefined) return empty(404);
  if (request.method === 'GET') return okJson(`${silenceJson(silence, now)}\n`);
  await endSilence(tenant, silence, settings, now);
  return empty(200);
}

export const silenceSettings = (settings: AlertmanagerSettings): SilenceSettings => ({
  retentionMs: settings.retentionMs,
  maxSilences: settings.silencesMax,
  maxSilenceSizeBytes: settings.silenceBytesMax,
  mode: settings.matcherMode,
  compile: compileMatcher,
});

const typeOf = ({ isRegex, isEqual }: PostedMatcher): MatchType =>
  isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!=';

interface ShownMatcher {
  readonly isEqual: boolean;
  readonly isRegex: boolean;
  readonly name: string;
  readonly value: string;
}

/** In upstream's field order. Of several matcher sets the first is `matchers`; all are in `matcherSets`, an extension. */
export function silenceJson(silence: Silence, now: WallMs): string {
  const sets = silence.matcherSets.map((set) =>
    set.map(({ name, type, value }): ShownMatcher => ({
      isEqual: type === '=' || type === '=~',
      isRegex: type === '=~' || type === '!~',
      name,
      value,
    })),
  );
  return JSON.stringify({
    id: silence.id,
    status: { state: silenceState(silence, now) },
    updatedAt: formatMillis(silence.updatedAt),
    ...(silence.annotations.size === 0 ? {} : { annotations: Object.fromEntries(silence.annotations.pairs) }),
    comment: silence.comment,
    createdBy: silence.createdBy,
    endsAt: formatMillis(silence.endsAt),
    matchers: sets[0] ?? [],
    ...(sets.length > 1 ? { matcherSets: sets } : {}),
    startsAt: formatMillis(silence.startsAt),
  });
}
