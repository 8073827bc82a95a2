/** The list of alerts: filter, groups, alerts. */
import { createMatcher, type LabelSet } from '@tocsin/model';
import type { WallMs } from '@tocsin/kernel';
import { alertsLink, STATES, type AlertQuery, type AlertState, type ReadQuery } from './alert-query.ts';
import type { AlertListing, AlertSection, ShownAlert } from './alert-listing.ts';
import { icons } from './icons.ts';
import { cut, markup, userText, webHref, type Markup } from './markup.ts';
import {
  alertStates,
  annotationList,
  asTyped,
  atMs,
  filterParam,
  labelList,
  pager,
  span,
  suppressors,
  type Names,
} from './parts-of-pages.ts';
import { counted, formatCount } from './words.ts';

export interface AlertsPage {
  readonly read: ReadQuery;
  readonly listing: AlertListing;
  readonly receivers: readonly string[];
  readonly names: Names;
  readonly now: WallMs;
}

/** Labels are links that add a matcher while the address is no longer than this: each repeats the whole filter. */
const LINKED_QUERY_MAX = 1_500;

const FILTER_HINT = 'Matchers with =, !=, =~ or !~, comma between them.';
const STATE_WORDS: Readonly<Record<AlertState, string>> = {
  active: 'Active',
  silenced: 'Silenced',
  inhibited: 'Inhibited',
  muted: 'Muted',
};

export function alertsMain(shown: AlertsPage): Markup {
  const { read, listing } = shown;
  return markup`<h1>Alerts</h1>
${filterForm(shown)}
<div class="summary" role="status" aria-live="polite">${summary(shown)}</div>
${listing.total === 0 ? emptyList(shown) : listing.sections.map((section) => sectionOf(section, shown))}
${pager(listing.page, listing.pages, (page) => alertsLink(read.query, { page }))}`;
}

function filterForm({ read, listing, receivers }: AlertsPage): Markup {
  const { query, mistake, typed } = read;
  return markup`<form class="filter" method="get" action="alerts" role="search" data-filter>
<div class="field grow">
<label for="q">Filter</label>
<div class="chips">${query.matchers.map((matcher) => chip(matcher.toString(), query))}
<input id="q" name="filter" value="${typed}" placeholder='alertname="DiskFull", team=~"a|b"' ${asTyped}
 data-search aria-describedby="q-help"${mistake !== undefined && markup` aria-invalid="true"`}></div>
<p id="q-help" class="hint">${mistake === undefined ? FILTER_HINT : markup`<span class="mistake">${icons.warning}${mistake}. This part is left out.</span>`}</p>
</div>
<div class="field"><label for="receiver">Receiver</label>
<select id="receiver" name="receiver"><option value="">All</option>${receiverOptions(receivers, query.receiver)}</select></div>
<div class="field"><label for="custom">Group</label>
<select id="custom" name="customGrouping"><option value="false">as notified</option>
<option value="true"${query.groupBy !== undefined && markup` selected`}>by labels</option></select></div>
<div class="field only-by-labels"><label for="group">Labels to group by</label>
<input id="group" name="group" value="${query.groupBy?.join(', ') ?? ''}" placeholder="none: one list" ${asTyped}></div>
<fieldset><legend>Show</legend>${STATES.map((state) => stateBox(state, query, listing))}</fieldset>
<div class="field"><button class="button primary">Apply</button></div>
</form>`;
}

const CHIP_MAX = 80;

function chip(text: string, query: AlertQuery): Markup {
  const rest = query.matchers.filter((matcher) => matcher.toString() !== text);
  const removal = alertsLink(query, { matchers: rest });
  return markup`<span class="chip">${userText(text, CHIP_MAX)}<input type="hidden" name="filter" value="${text}">
<a href="${removal}" aria-label="Remove ${cut(text, CHIP_MAX)}" title="Remove">×</a></span>`;
}

function receiverOptions(receivers: readonly string[], wanted: string): Markup {
  const isOther = wanted !== '' && !receivers.includes(wanted);
  const options = receivers.map(
    (name) => markup`<option${name === wanted && markup` selected`}>${name}</option>`,
  );
  return markup`${options}${isOther && markup`<option selected value="${wanted}">matching ${wanted}</option>`}`;
}

// An unticked box sends nothing, so a hidden `false` goes before it; of two values the last counts.
const stateBox = (state: AlertState, query: AlertQuery, { states }: AlertListing): Markup =>
  markup`<input type="hidden" name="${state}" value="false">
<label class="box"><input type="checkbox" name="${state}" value="true"${query.states[state] && markup` checked`}>
${icons[state]}${STATE_WORDS[state]} <span class="count">${states[state]}</span></label>`;

function summary({ read, listing, now }: AlertsPage): Markup {
  const { total, distinct, groups, first, sections, states } = listing;
  const shown = sections.reduce((sum, section) => sum + section.alerts.length, 0);
  const hidden = STATES.filter((state) => !read.query.states[state] && states[state] > 0).map(
    (state) => `${formatCount(states[state])} ${state}`,
  );
  const { matchers } = read.query;
  const facts = [
    total !== distinct && `, ${formatCount(total)} entries since some are in several`,
    shown < total && `; ${formatCount(first + 1)} to ${formatCount(first + shown)} shown`,
    hidden.length > 0 && `; hidden: ${hidden.join(', ')}`,
  ];
  return markup`<p><strong>${counted(distinct, 'alert')}</strong> in ${counted(groups, 'group')}${facts}.
<span class="quiet">As of ${atMs(now)}</span></p>
${matchers.length > 0 && markup`<p><a class="button" href="silences/new?${filterParam(matchers)}">${icons.silenced}Silence this filter</a></p>`}`;
}

function emptyList({ read, listing }: AlertsPage): Markup {
  const { matchers, receiver } = read.query;
  const hidden = STATES.filter((state) => !read.query.states[state] && listing.states[state] > 0);
  if (hidden.length > 0) {
    const all = { active: true, silenced: true, inhibited: true, muted: true };
    return markup`<p class="empty">${icons.good}Nothing that is shown. <a href="${alertsLink(read.query, { states: all })}">Show all states</a></p>`;
  }
  if (matchers.length > 0 || receiver !== '')
    return markup`<p class="empty">No alert fits this filter. <a href="alerts">Remove the filter</a></p>`;
  return markup`<p class="empty">${icons.good}Nothing fires. Quiet night.</p>`;
}

function sectionOf(section: AlertSection, page: AlertsPage): Markup {
  const { labels, receiver, total, alerts, mutedBy } = section;
  const { query } = page.read;
  const without = query.groupBy?.length === 0 ? 'All' : 'No group labels';
  const facts = [
    total > alerts.length && markup`, ${alerts.length} here`,
    receiver !== undefined &&
      markup` to <a href="${alertsLink(query, { receiver })}">${userText(receiver)}</a>`,
    mutedBy.length > 0 && markup` · muted by ${userText(mutedBy.join(', '))}`,
    labels.size > 0 && markup` · <a href="silences/new?${filterParam(matchersOf(labels))}">Silence group</a>`,
  ];
  return markup`<section class="group" aria-label="Group ${labels.toString().slice(0, 200)}">
<header><h2>${labels.size === 0 ? without : labelList(labels, adder(query))}</h2>
<p class="quiet">${counted(total, 'alert')}${facts}</p></header>
<ol class="alerts">${alerts.map((alert) => alertItem(alert, labels, page))}</ol>
</section>`;
}

const matchersOf = (labels: LabelSet): readonly { toString(): string }[] =>
  labels.pairs.map(([name, value]) => createMatcher(name, '=', value));

/** Where a label leads: the same list with one matcher more. */
function adder(query: AlertQuery): (name: string, value: string) => string | undefined {
  if (alertsLink(query).length > LINKED_QUERY_MAX) return () => undefined;
  return (name, value) => {
    if (value.length > LINKED_QUERY_MAX) return undefined;
    const matcher = createMatcher(name, '=', value);
    const others = query.matchers.filter((each) => each.toString() !== matcher.toString());
    return alertsLink(query, { matchers: [...others, matcher] });
  };
}

function alertItem(
  { alert, status }: ShownAlert,
  ofGroup: LabelSet,
  { read, names, now }: AlertsPage,
): Markup {
  const { labels, annotations, generatorUrl, startsAt } = alert;
  const { fingerprint } = labels;
  const name = nameOf(labels);
  const rest = labels.filter((label) => label !== 'alertname' && !ofGroup.has(label));
  const source = webHref(generatorUrl);
  return markup`<li class="alert ${severityOf(labels)}" data-silence>
<div class="row">${alertStates(status)}<h3><a class="name" href="alerts/${fingerprint}">${userText(name)}</a></h3>
<span class="quiet">${span(startsAt, now)}</span>
<span class="actions"><a class="silence-this" href="silences/new?alert=${fingerprint}">Silence</a>
<a href="alerts/${fingerprint}#why">Why?</a>
${source !== undefined && markup`<a href="${source}" target="_blank" rel="noopener noreferrer">Source</a>`}</span></div>
${suppressors(status, names, './')}${annotationList(annotations)}${labelList(rest, adder(read.query))}
</li>`;
}

/** The alert's name, or a word for its absence. */
export const nameOf = (labels: LabelSet): string => {
  const name = labels.get('alertname') ?? '';
  return name === '' ? '(no alertname)' : name;
};

/** For the coloured edge; the label itself says it in words. */
export function severityOf(labels: LabelSet): string {
  const severity = (labels.get('severity') ?? '').toLowerCase();
  if (/^(critical|page|fatal|emergency|error|sev-?[01]|p[01])$/.test(severity)) return 'severe';
  return /^(warning|warn|major|sev-?2|p2)$/.test(severity) ? 'worth' : '';
}
