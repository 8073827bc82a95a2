/** Requests about silences: list, one, form, and what changes them. */
import {
  setSilence,
  silenceState,
  type Silence,
  type SilenceMatcher,
  type SilenceRequest,
  type SilenceState,
} from '@tocsin/alerting';
import { AppError, type HttpResponse } from '@tocsin/kernel';
import { createMatcher, parseMatchers, type LabelSet, type Matcher, type MatcherMode } from '@tocsin/model';
import { last } from '../api/query.ts';
import { endSilence, silenceSettings, storeSilence } from '../api/silences-api.ts';
import { pageOf } from './alert-query.ts';
import { hiddenBySilence, hitsOf } from './hits.ts';
import { sayingPage, seeOther } from './layout.ts';
import { cookieOf, encode, fieldOf } from './links.ts';
import type { PageDeps, Visit, Visitor } from './visit.ts';
import { silenceFormMain } from './silence-form-view.ts';
import {
  emptyForm,
  extendedEnd,
  fieldOfRefusal,
  formOf,
  formOfSilence,
  linesOf,
  readMatchers,
  readSilenceForm,
  type Mistakes,
  type SilenceForm,
} from './silence-form.ts';
import { SILENCES_PER_PAGE, SILENCE_STATES, silenceMain, silencesMain } from './silences-view.ts';

/** Who made the last silence in this browser. */
const AUTHOR_COOKIE = 'tocsin_author';
const AUTHOR_COOKIE_MAX = 200;
const A_YEAR_SECONDS = 31_536_000;

/** What `?done=` says; other words are ignored. */
const DONE: ReadonlyMap<string, string> = new Map([
  ['created', 'The silence was created.'],
  ['replaced', 'Changed: the old silence has ended and this one took its place.'],
  ['updated', 'The silence was changed.'],
  ['extended', 'The silence was extended.'],
  ['expired', 'The silence has ended.'],
]);

export function silencePages(
  deps: PageDeps,
): Readonly<Record<'list' | 'one' | 'blank' | 'create' | 'edit' | 'change' | 'extend' | 'expire', Visitor>> {
  const form = new FormPages(deps);
  const { settings } = deps.parts;
  return {
    list: (visit) => listPage(deps, visit),
    one: (visit, id) =>
      withSilence(visit, id, (silence) => silencePage(visit, silence, { mistake: undefined, until: '' })),
    blank: (visit) => form.blank(visit),
    create: (visit) => form.posted(visit, undefined),
    edit: (visit, id) => withSilence(visit, id, (silence) => form.edit(visit, silence)),
    change: (visit, id) => withSilence(visit, id, (silence) => form.posted(visit, silence)),
    extend: (visit, id) => withSilence(visit, id, (silence) => extend(deps, visit, silence)),
    expire: (visit, id) =>
      withSilence(visit, id, async (silence) => {
        await endSilence(visit.tenant, silence, settings, visit.now);
        return seeOther(`../${silence.id}?done=expired`);
      }),
  };
}

function withSilence(
  { tenant, root, show }: Visit,
  id: string,
  answer: (silence: Silence) => Promise<HttpResponse> | HttpResponse,
): Promise<HttpResponse> | HttpResponse {
  const silence = tenant.log.silences.get(id.toLowerCase());
  if (silence !== undefined) return answer(silence);
  return show(sayingPage(root, 'No such silence', 'It was never here, or it ended long ago.'), 404);
}

async function listPage({ parts }: PageDeps, visit: Visit): Promise<HttpResponse> {
  const { request, tenant, now, root, breathe, show } = visit;
  const search = (last(request, 'filter') ?? '').trim();
  const wanted = last(request, 'state');
  const state = SILENCE_STATES.find((each) => each === wanted) ?? 'active';
  const found = search === '' ? undefined : searched(visit, search, parts.settings.matcherMode);
  const counts = found === undefined ? tenant.log.silences.counts(now) : countStates(found, now);
  const ofState =
    found?.filter((silence) => silenceState(silence, now) === state) ??
    tenant.log.silences.query({ states: new Set([state]) }, now);
  const pages = Math.max(1, Math.ceil(ofState.length / SILENCES_PER_PAGE));
  const page = Math.min(pageOf(request), pages);
  const silences = ofState.slice((page - 1) * SILENCES_PER_PAGE, page * SILENCES_PER_PAGE);
  const isHiding = state === 'active' && silences.length > 0;
  const hidden = isHiding ? await hiddenBySilence(tenant, now, breathe) : new Map<string, number>();
  const main = silencesMain({ state, search, counts, silences, hidden, page, pages, now });
  return show({ title: 'Silences', place: 'silences', root, main });
}

/** By matchers as the API finds them; else by words in what people wrote. */
function searched({ tenant, now }: Visit, search: string, mode: MatcherMode): readonly Silence[] {
  const { silences } = tenant.log;
  const filter = matchersIn(search, mode);
  if (filter.length > 0) {
    const found = silences.query({ filter }, now);
    if (found.length > 0) return found;
  }
  const words = search.toLowerCase();
  return silences.query({}, now).filter((silence) => wordsOf(silence).includes(words));
}

function matchersIn(search: string, mode: MatcherMode): readonly SilenceMatcher[] {
  try {
    return parseMatchers(search, mode).matchers;
  } catch {
    return [];
  }
}

const wordsOf = ({ id, comment, createdBy, matcherSets }: Silence): string =>
  [id, comment, createdBy, ...matcherSets.map(linesOf)].join('\n').toLowerCase();

function countStates(silences: readonly Silence[], now: number): Record<SilenceState, number> {
  const counts = { active: 0, pending: 0, expired: 0 };
  for (const silence of silences) counts[silenceState(silence, now)]++;
  return counts;
}

async function silencePage(
  { request, tenant, now, root, breathe, show }: Visit,
  silence: Silence,
  extension: { readonly mistake: string | undefined; readonly until: string },
): Promise<HttpResponse> {
  const hits = await hitsOf(tenant, compiled(silence), now, breathe);
  const done = DONE.get(last(request, 'done') ?? '');
  const main = silenceMain({ silence, hits, done, ...extension, root, now });
  const status = extension.mistake === undefined ? 200 : 400;
  return show({ title: 'Silence', place: 'silences', root, main }, status);
}

/** A set that does not compile hides nothing. */
function compiled({ matcherSets }: Silence): readonly (readonly Matcher[])[] {
  return matcherSets.flatMap((set) => {
    try {
      return [set.map(({ name, type, value }) => createMatcher(name, type, value))];
    } catch {
      return [];
    }
  });
}

async function extend({ parts, newId }: PageDeps, visit: Visit, silence: Silence): Promise<HttpResponse> {
  const { tenant, fields, now } = visit;
  const until = fieldOf(fields, 'until');
  const by = fieldOf(fields, 'by');
  try {
    if (silenceState(silence, now) === 'expired')
      throw AppError.invalid('it has ended already: recreate it instead');
    const endsAt = extendedEnd(silence, by, by === '' ? until : '');
    const id = await storeSilence(tenant, { ...silence, endsAt }, parts.settings, now, newId);
    return seeOther(`../${id}?done=extended`);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return silencePage(visit, silence, { mistake: error.message, until });
  }
}

class FormPages {
  readonly #deps: PageDeps;

  constructor(deps: PageDeps) {
    this.#deps = deps;
  }

  /** Filled from an alert, from a filter, or from a silence that is to be made again. */
  blank(visit: Visit): Promise<HttpResponse> | HttpResponse {
    const { request, tenant } = visit;
    const author = cookieOf(request.headers['cookie'], AUTHOR_COOKIE);
    const from = tenant.log.silences.get((last(request, 'from') ?? '').toLowerCase());
    if (from !== undefined) {
      const again = formOfSilence(from, true);
      return this.#show(visit, { ...again, author: author === '' ? again.author : author });
    }
    const form = { ...emptyForm(author), comment: last(request, 'comment') ?? '' };
    const fingerprint = last(request, 'alert');
    if (fingerprint !== undefined) {
      const alert = tenant.alerts.get(fingerprint);
      if (alert === undefined)
        return this.#show(visit, form, new Map([['form', 'This replica no longer holds that alert.']]));
      return this.#show(visit, { ...form, matchers: linesOf(allOf(alert.labels)) });
    }
    return this.#show(visit, { ...form, ...this.#filled(visit) });
  }

  // What can't be read stays as it came, so that it can be mended.
  #filled({ request }: Visit): Pick<SilenceForm, 'matchers'> {
    const given = request.query.filter(([name]) => name === 'filter').map(([, value]) => value);
    try {
      const { matcherMode } = this.#deps.parts.settings;
      return { matchers: linesOf(given.flatMap((text) => parseMatchers(text, matcherMode).matchers)) };
    } catch {
      return { matchers: given.join('\n') };
    }
  }

  edit(visit: Visit, silence: Silence): Promise<HttpResponse> | HttpResponse {
    if (!isEditable(silence, visit.now)) return notEditable(visit);
    return this.#show(visit, formOfSilence(silence, false), NO_MISTAKES, silence);
  }

  async posted(visit: Visit, known: Silence | undefined): Promise<HttpResponse> {
    const { tenant, fields, now } = visit;
    if (known !== undefined && !isEditable(known, now)) return notEditable(visit);
    const { parts, newId } = this.#deps;
    const form = formOf(fields);
    const { matchers, wish, mistakes } = readSilenceForm(form, {
      mode: parts.settings.matcherMode,
      now,
      known,
      annotations: this.#annotations(visit, known),
    });
    if (wish === undefined) return this.#show(visit, form, mistakes, known, isPreview(visit) ? 200 : 400);
    const isSeen = matchers !== undefined && linesOf(matchers) === form.previewed;
    const refusal = this.#refusalOf(visit, wish);
    if (refusal !== undefined) return this.#show(visit, form, refusal, known, 400);
    if (isPreview(visit)) return this.#show(visit, form, NO_MISTAKES, known);
    if (!isSeen) return this.#show(visit, form, NO_MISTAKES, known, 200, LOOK_FIRST);
    const id = await storeSilence(tenant, wish, parts.settings, now, newId);
    const done = known === undefined ? 'created' : known.id === id ? 'updated' : 'replaced';
    return known === undefined
      ? seeOther(`${id}?done=${done}`, authorCookie(form.author))
      : seeOther(`../${id}?done=${done}`);
  }

  /** A silence that is made again keeps its annotations; one that is changed too. */
  #annotations({ request, tenant }: Visit, known: Silence | undefined): LabelSet | undefined {
    return (known ?? tenant.log.silences.get((last(request, 'from') ?? '').toLowerCase()))?.annotations;
  }

  /** What storing it would refuse; nothing is stored. */
  #refusalOf({ tenant, now }: Visit, wish: SilenceRequest): Mistakes | undefined {
    const { parts, newId } = this.#deps;
    try {
      setSilence(tenant.log.silences, wish, now, newId, silenceSettings(parts.settings));
      return undefined;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return new Map([[fieldOfRefusal(error.message), error.message]]);
    }
  }

  async #show(
    visit: Visit,
    form: SilenceForm,
    mistakes: Mistakes = NO_MISTAKES,
    known?: Silence,
    status: number = 200,
    remark?: string,
  ): Promise<HttpResponse> {
    const { request, tenant, now, root, breathe, show } = visit;
    const matchers = this.#matchersOf(form.matchers);
    const hits = matchers === undefined ? undefined : await hitsOf(tenant, [matchers], now, breathe);
    const from = last(request, 'from');
    const main = silenceFormMain({
      form,
      mistakes,
      hits,
      previewed: matchers === undefined ? '' : linesOf(matchers),
      isChange: known !== undefined,
      remark,
      action: known !== undefined ? 'edit' : from === undefined ? 'new' : `new?from=${encode(from)}`,
      root,
    });
    const title = known === undefined ? 'New silence' : 'Edit silence';
    return show({ title, place: known === undefined ? 'new' : 'silences', root, main }, status);
  }

  #matchersOf(text: string): readonly Matcher[] | undefined {
    try {
      return readMatchers(text, this.#deps.parts.settings.matcherMode);
    } catch {
      return undefined;
    }
  }
}

const NO_MISTAKES: Mistakes = new Map();
const LOOK_FIRST = 'The matchers are new: below is what the silence would hide. Save again to make it.';

const isPreview = ({ fields }: Visit): boolean => fieldOf(fields, 'do') === 'preview';

// The form has one set of matchers, and what has ended is made again instead.
const isEditable = (silence: Silence, now: number): boolean =>
  silence.matcherSets.length === 1 && silenceState(silence, now) !== 'expired';

const notEditable = ({ root, show }: Visit): HttpResponse =>
  show(
    sayingPage(
      root,
      'Can not be edited',
      'It has ended, or has several sets of matchers, which the form can not show.',
    ),
    409,
  );

/** Empty values too: an alert with an empty label is one without it. */
const allOf = (labels: LabelSet): readonly SilenceMatcher[] =>
  labels.pairs.map(([name, value]) => ({ name, type: '=', value }));

/** Without a path it is sent to the pages of silences only, whatever prefix a proxy adds. */
const authorCookie = (author: string): string =>
  `${AUTHOR_COOKIE}=${encode([...author.trim()].slice(0, AUTHOR_COOKIE_MAX).join(''))}; Max-Age=${A_YEAR_SECONDS}; HttpOnly; SameSite=Strict`;
