/** Pieces that several pages show: times, states, labels, pagers. */
import { instantOf, formatMillis, msOf, type Instant, type LabelSet } from '@tocsin/model';
import type { MatcherSet, Silence, SilenceState } from '@tocsin/alerting';
import type { WallMs } from '@tocsin/kernel';
import type { Status } from '../api/live-alerts.ts';
import { icons } from './icons.ts';
import { encode } from './links.ts';
import { markup, userText, webHref, type Markup } from './markup.ts';
import { formatSpan, formatUtc } from './words.ts';

/** `2h 5m ago`, `in 3m`; the title has the instant. */
export function ago(instant: Instant, now: WallMs): Markup {
  const ms = now - msOf(instant);
  return timeMarkup(instant, ms >= 0 ? `${formatSpan(ms)} ago` : `in ${formatSpan(-ms)}`);
}

/** How long something lasts, and since when: `2h 5m · since 2026-11-21 14:05:03 UTC`. */
export const span = (start: Instant, now: WallMs): Markup =>
  markup`${formatSpan(now - msOf(start))} · since ${at(start)}`;

/** `2026-11-21 14:05:03 UTC`. */
export const at = (instant: Instant): Markup => timeMarkup(instant, `${formatUtc(instant)} UTC`, '');
export const atMs = (ms: WallMs): Markup => at(instantOf(ms));

const timeMarkup = (instant: Instant, text: string, title: string = `${formatUtc(instant)} UTC`): Markup =>
  markup`<time datetime="${formatMillis({ ...instant, offsetMinutes: 0 })}"${title !== '' && markup` title="${title}"`}>${text}</time>`;

/** What suppresses an alert, each with its sign; `active` when nothing does. */
export function alertStates({ silencedBy, inhibitedBy, mutedBy }: Status): Markup {
  const states: Markup[] = [];
  if (silencedBy.length > 0)
    states.push(markup`<span class="state silenced">${icons.silenced}Silenced</span>`);
  if (inhibitedBy.length > 0)
    states.push(markup`<span class="state inhibited">${icons.inhibited}Inhibited</span>`);
  if (mutedBy.length > 0) states.push(markup`<span class="state muted">${icons.muted}Muted</span>`);
  if (states.length === 0) states.push(markup`<span class="state active">${icons.active}Active</span>`);
  return markup`${states}`;
}

const SILENCE_STATES: Readonly<Record<SilenceState, Markup>> = {
  active: markup`<span class="state silenced">${icons.silenced}Active</span>`,
  pending: markup`<span class="state inhibited">${icons.pending}Pending</span>`,
  expired: markup`<span class="state muted">${icons.good}Expired</span>`,
};
export const silenceStateMarkup = (state: SilenceState): Markup => SILENCE_STATES[state];

/** What the things are called that suppress an alert; undefined when this replica no longer has them. */
export interface Names {
  readonly silence: (id: string) => string | undefined;
  readonly alert: (fingerprint: string) => string | undefined;
}

/** Links to what suppresses an alert; nothing when nothing does. */
export function suppressors(
  { silencedBy, inhibitedBy, mutedBy }: Status,
  names: Names,
  root: string,
): Markup {
  const parts: Markup[] = [
    ...silencedBy.map(
      (id) =>
        markup`silence <a href="${root}silences/${id}">${userText(names.silence(id) || id.slice(0, 8), NAME_MAX)}</a>`,
    ),
    ...inhibitedBy.map(
      (id) =>
        markup`alert <a href="${root}alerts/${id}">${userText(names.alert(id) ?? id.slice(0, 8), NAME_MAX)}</a>`,
    ),
    ...mutedBy.map((name) => markup`time interval ${userText(name)}`),
  ];
  if (parts.length === 0) return markup``;
  const shown = parts
    .slice(0, SUPPRESSORS_SHOWN)
    .map((part, index) => (index === 0 ? part : markup`, ${part}`));
  const more = parts.length - shown.length;
  return markup`<p class="by">Suppressed by ${shown}${more > 0 && markup` and ${more} more`}</p>`;
}
const SUPPRESSORS_SHOWN = 8;
const NAME_MAX = 60;

/** Labels of one alert that are shown on a list. */
export const LABELS_SHOWN = 24;
/** Annotations of one alert that are shown on a list. */
const ANNOTATIONS_SHOWN = 8;
const ANNOTATION_TEXT_MAX = 600;

/** `linkOf`: where a label leads; undefined leaves plain text. */
export function labelList(
  labels: LabelSet,
  linkOf?: (name: string, value: string) => string | undefined,
): Markup {
  if (labels.size === 0) return markup``;
  const shown = labels.pairs.slice(0, LABELS_SHOWN).map(([name, value]) => {
    const text = markup`<span class="label-name">${userText(name)}</span>=${userText(value)}`;
    const link = linkOf?.(name, value);
    return link === undefined
      ? markup`<li><span class="label">${text}</span></li>`
      : markup`<li><a class="label" href="${link}">${text}</a></li>`;
  });
  const more = labels.size - shown.length;
  return markup`<ul class="labels">${shown}${more > 0 && markup`<li>and ${more} more labels</li>`}</ul>`;
}

/** What people read first comes first; a value that is a web address is a link. */
export function annotationList(annotations: LabelSet, max: number = ANNOTATIONS_SHOWN): Markup {
  if (annotations.size === 0) return markup``;
  const first = ['summary', 'description', 'message'];
  const rank = (name: string): number => (first.includes(name) ? first.indexOf(name) : first.length);
  const sorted = [...annotations.pairs].sort((a, b) => rank(a[0]) - rank(b[0]));
  const shown = sorted
    .slice(0, max)
    .map(
      ([name, value]) =>
        markup`<div><dt>${userText(name)}</dt><dd>${linked(value, ANNOTATION_TEXT_MAX)}</dd></div>`,
    );
  const more = annotations.size - shown.length;
  return markup`<dl class="annotations">${shown}${more > 0 && markup`<div><dt>and ${more} more</dt><dd></dd></div>`}</dl>`;
}

export function linked(value: string, max?: number): Markup {
  const href = webHref(value);
  const text = userText(value, max);
  return href === undefined
    ? text
    : markup`<a href="${href}" target="_blank" rel="noopener noreferrer">${text}</a>`;
}

export function matcherList(matchers: MatcherSet): Markup {
  const items = matchers.map(({ name, type, value }) => {
    const text = markup`<span class="label-name">${userText(name)}</span>${type}${userText(value === '' ? '""' : value)}`;
    return markup`<li><span class="label">${text}</span></li>`;
  });
  return markup`<ul class="labels">${items}</ul>`;
}

/** For what people type in other words than their own language's. */
export const asTyped: Markup = markup`autocomplete="off" autocapitalize="off" spellcheck="false"`;

/** One list for each set; any of them silences. */
export const matcherSets = (silence: Silence): Markup =>
  markup`${silence.matcherSets.map((set, index) => markup`${index > 0 && markup`<p class="or">or</p>`}${matcherList(set)}`)}`;

/** Links to other pages of a list; nothing when all is shown. */
export function pager(page: number, pages: number, linkOf: (page: number) => string): Markup {
  if (pages <= 1) return markup``;
  const link = (to: number, text: string, rel: string): Markup =>
    to < 1 || to > pages || to === page
      ? markup`<span class="button off" aria-disabled="true">${text}</span>`
      : markup`<a class="button" rel="${rel}" href="${linkOf(to)}">${text}</a>`;
  return markup`<nav class="pager" aria-label="Pages of the list">
${link(1, 'First', 'first')}${link(page - 1, 'Previous', 'prev')}
<span>Page ${page} of ${pages}</span>
${link(page + 1, 'Next', 'next')}${link(pages, 'Last', 'last')}
</nav>`;
}

export const notice = (kind: 'good' | 'warning' | 'bad', text: Markup): Markup =>
  markup`<div class="notice ${kind}" role="${kind === 'bad' ? 'alert' : 'status'}">${kind === 'good' ? icons.good : icons.warning}<div>${text}</div></div>`;

/** `{a="b"}` in an address. */
export const filterParam = (matchers: readonly { toString(): string }[]): string =>
  `filter=${encode(`{${matchers.map(String).join(', ')}}`)}`;
