/** The list of silences, and one of them. */
import { silenceState, type Silence, type SilenceState } from '@tocsin/alerting';
import type { WallMs } from '@tocsin/kernel';
import type { Hits } from './hits.ts';
import { hitsMarkup } from './hits-view.ts';
import { icons } from './icons.ts';
import { queryOf } from './links.ts';
import { markup, userText, type Markup } from './markup.ts';
import {
  ago,
  annotationList,
  asTyped,
  at,
  matcherList,
  matcherSets,
  notice,
  pager,
  silenceStateMarkup,
} from './parts-of-pages.ts';
import { counted, formatCount } from './words.ts';

export const SILENCES_PER_PAGE = 50;
export const SILENCE_STATES: readonly SilenceState[] = ['active', 'pending', 'expired'];

export interface SilencesPage {
  readonly state: SilenceState;
  /** As typed. */
  readonly search: string;
  readonly counts: Readonly<Record<SilenceState, number>>;
  /** Of this page. */
  readonly silences: readonly Silence[];
  /** Firing alerts that each active one hides. */
  readonly hidden: ReadonlyMap<string, number>;
  readonly page: number;
  readonly pages: number;
  readonly now: WallMs;
}

const STATE_WORDS: Readonly<Record<SilenceState, string>> = {
  active: 'Active',
  pending: 'Pending',
  expired: 'Expired',
};

const silencesLink = (state: SilenceState, search: string, page?: number): string =>
  `silences${queryOf([
    ...(state === 'active' ? [] : [['state', state] as const]),
    ...(search === '' ? [] : [['filter', search] as const]),
    ...(page === undefined ? [] : [['page', String(page)] as const]),
  ])}`;

export function silencesMain(shown: SilencesPage): Markup {
  const { state, search, counts, silences, page, pages } = shown;
  return markup`<h1>Silences</h1>
<form class="filter" method="get" action="silences" role="search">
<div class="field grow"><label for="q">Search</label>
<input id="q" name="filter" value="${search}" ${asTyped} data-search aria-describedby="q-help">
<p id="q-help" class="hint">A matcher as it stands in the silence, like alertname="DiskFull", or words of its comment, author or matchers.</p></div>
<input type="hidden" name="state" value="${state}"><div class="field"><button class="button primary">Search</button></div></form>
<nav class="tabs" aria-label="States of silences"><ul>${SILENCE_STATES.map((each) => tab(each, shown))}</ul></nav>
<p class="summary" role="status" aria-live="polite">${counted(counts[state], `${state} silence`)}${pages > 1 && `, page ${formatCount(page)} of ${formatCount(pages)}`}</p>
${silences.length === 0 ? emptyList(shown) : markup`<ol class="silences">${silences.map((silence) => silenceItem(silence, shown))}</ol>`}
${pager(page, pages, (to) => silencesLink(state, search, to))}`;
}

const tab = (to: SilenceState, { state, search, counts }: SilencesPage): Markup =>
  markup`<li><a href="${silencesLink(to, search)}"${to === state && markup` aria-current="page"`}>${STATE_WORDS[to]}
<span class="count">${counts[to]}</span></a></li>`;

const emptyList = ({ state, search }: SilencesPage): Markup =>
  search === ''
    ? markup`<p class="empty">No ${state} silence. <a href="silences/new">Make one</a></p>`
    : markup`<p class="empty">No ${state} silence fits. <a href="${silencesLink(state, '')}">Show all</a></p>`;

function silenceItem(silence: Silence, { now, hidden }: SilencesPage): Markup {
  const { id, createdBy, comment } = silence;
  const state = silenceState(silence, now);
  const when =
    state === 'pending'
      ? markup`starts ${ago(silence.startsAt, now)}`
      : markup`${state === 'active' ? 'ends' : 'ended'} ${ago(silence.endsAt, now)}`;
  const hiding = state === 'active' && `, hides ${counted(hidden.get(id) ?? 0, 'alert')}`;
  const actionsOf =
    state === 'expired'
      ? markup`<a href="silences/new?from=${id}">Recreate</a>`
      : markup`<a href="silences/${id}/edit">Edit</a><a href="silences/${id}#end">Expire…</a>`;
  return markup`<li class="silence">
<div class="row">${silenceStateMarkup(state)}<h2><a class="name" href="silences/${id}">${userText(comment === '' ? '(no comment)' : comment)}</a></h2>
<span class="quiet">${when}, by ${userText(createdBy === '' ? 'nobody' : createdBy, AUTHOR_MAX)}${hiding}</span>
<span class="actions">${actionsOf}</span></div>
${silence.matcherSets.map((set) => matcherList(set))}
</li>`;
}

const AUTHOR_MAX = 60;

export interface SilencePage {
  readonly silence: Silence;
  readonly hits: Hits;
  /** What was just done. */
  readonly done: string | undefined;
  /** What was wrong with an extension, and what was typed for it. */
  readonly mistake: string | undefined;
  readonly until: string;
  readonly root: string;
  readonly now: WallMs;
}

export function silenceMain(shown: SilencePage): Markup {
  const { silence, hits, done, mistake, root, now } = shown;
  const { comment, createdBy, startsAt, endsAt, updatedAt, annotations, id } = silence;
  const state = silenceState(silence, now);
  return markup`${done !== undefined && notice('good', markup`<p>${done}</p>`)}${state === 'expired' && mistake !== undefined && notice('bad', markup`<p>${mistake}</p>`)}
<div class="row">${silenceStateMarkup(state)}<h1>Silence</h1></div>
<p class="comment">${userText(comment === '' ? '(no comment)' : comment, COMMENT_MAX)}</p>
<h2>Hides alerts with</h2>
${matcherSets(silence)}
<dl class="facts">
<div><dt>Author</dt><dd>${userText(createdBy === '' ? 'nobody' : createdBy)}</dd></div>
<div><dt>${state === 'pending' ? 'Starts' : 'Started'}</dt><dd>${at(startsAt)} (${ago(startsAt, now)})</dd></div>
<div><dt>${state === 'expired' ? 'Ended' : 'Ends'}</dt><dd>${at(endsAt)} (${ago(endsAt, now)})</dd></div>
<div><dt>Changed</dt><dd>${at(updatedAt)} (${ago(updatedAt, now)})</dd></div>
<div><dt>Id</dt><dd><code>${id}</code></dd></div>
</dl>
${annotationList(annotations)}
${state === 'expired' ? markup`<p><a class="button primary" href="${root}silences/new?from=${id}">Recreate</a></p>` : actions(shown)}
<h2>${state === 'active' ? 'Alerts it hides now' : state === 'pending' ? 'Alerts it would hide now' : 'Firing alerts that fit'}</h2>
${hitsMarkup(hits, root)}`;
}
const COMMENT_MAX = 4_000;

function actions({ silence, hits, mistake, until, root }: SilencePage): Markup {
  const { id } = silence;
  const isEditable = silence.matcherSets.length === 1;
  return markup`<h2>Change it</h2>
<form class="inline" method="post" action="${root}silences/${id}/extend">
<fieldset><legend>Extend its end</legend>
${['1h', '4h', '1d'].map((by) => markup`<button class="button" name="by" value="${by}">+${by}</button>`)}
<label for="until">or to</label>
<input id="until" name="until" value="${until}" placeholder="2026-11-21 14:05 (UTC)" ${asTyped}
 aria-describedby="until-help"${mistake !== undefined && markup` aria-invalid="true"`}><button class="button" name="by" value="">Set end</button>
<p id="until-help" class="hint">${mistake !== undefined && markup`<span class="mistake">${icons.warning}${mistake}</span>`}</p>
</fieldset></form>
<div class="row">${isEditable ? markup`<a class="button" href="${root}silences/${id}/edit">Edit</a>` : markup`<p class="quiet">It has several sets of matchers, which this form can not show: extend or expire it.</p>`}
<details><summary class="button">Expire…</summary>
<form class="sure" id="end" method="post" action="${root}silences/${id}/expire">
<p>It ends now. ${hits.hit === 0 ? 'No firing alert fits it.' : `${counted(hits.hit, 'firing alert')} may notify again.`}</p>
<button class="button danger">Expire now</button></form></details></div>`;
}
