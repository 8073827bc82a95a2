/** One alert: everything known of it, and the decisions about it. */
import type { WallMs } from '@tocsin/kernel';
import { isResolvedAt, type Alert, type Decision, type DecisionEvent } from '@tocsin/model';
import type { Status } from '../api/live-alerts.ts';
import type { Group } from '../dispatcher.ts';
import { nameOf, severityOf } from './alerts-view.ts';
import { cut, markup, userText, type Markup } from './markup.ts';
import {
  ago,
  alertStates,
  annotationList,
  at,
  atMs,
  labelList,
  linked,
  suppressors,
  type Names,
} from './parts-of-pages.ts';
import { counted, formatSpan } from './words.ts';

export interface AlertPage {
  readonly alert: Alert;
  readonly status: Status;
  readonly groups: readonly Group[];
  readonly names: Names;
  /** Oldest first. */
  readonly events: readonly DecisionEvent[];
  readonly now: WallMs;
}

/** Decisions shown. */
export const EVENTS_SHOWN = 100;
const EVERYTHING = 10_000;
const FACT_MAX = 400;

export function alertMain({ alert, status, groups, events, names, now }: AlertPage): Markup {
  const { labels, annotations, startsAt, endsAt, updatedAt, generatorUrl, isTimeout } = alert;
  const { fingerprint } = labels;
  const isOver = isResolvedAt(alert, now);
  return markup`<div class="alert detail ${severityOf(labels)}" data-silence>
<div class="row">${isOver ? markup`<span class="state muted">Resolved</span>` : alertStates(status)}<h1><bdi>${cut(nameOf(labels), FACT_MAX)}</bdi></h1>
<span class="actions"><a class="button silence-this" href="../silences/new?alert=${fingerprint}">Silence</a></span></div>
${suppressors(status, names, '../')}${annotationList(annotations, EVERYTHING)}${labelList(labels, undefined)}
<dl class="facts">
<div><dt>Started</dt><dd>${at(startsAt)} (${ago(startsAt, now)})</dd></div>
<div><dt>${isOver ? 'Ended' : 'Ends'}</dt><dd>${at(endsAt)}${isTimeout && !isOver && ' unless it is sent again'}</dd></div>
<div><dt>Last received</dt><dd>${at(updatedAt)} (${ago(updatedAt, now)})</dd></div>
${generatorUrl !== '' && markup`<div><dt>Source</dt><dd>${linked(generatorUrl)}</dd></div>`}
<div><dt>Fingerprint</dt><dd><code>${fingerprint}</code></dd></div>
</dl></div>
<h2>Notified as part of</h2>
${groups.length === 0 ? markup`<p class="empty">No group: nothing will be sent about it.</p>` : markup`<ul class="plain">${groups.map((group) => groupItem(group, now))}</ul>`}
<h2 id="why">What was decided</h2>
${events.length === 0 ? markup`<p class="empty">Nothing is remembered of it; the newest decisions of this replica only are kept.</p>` : eventTable(events)}
<p class="quiet"><a href="../api/v2/tocsin/events?fingerprint=${fingerprint}">The same as JSON</a></p>`;
}

const groupItem = ({ labels, route, mutedBy, nextFlushAt, alerts }: Group, now: WallMs): Markup =>
  markup`<li>receiver ${userText(route.receiver)}, group <bdi>${cut(labels.toString(), FACT_MAX)}</bdi>
with ${counted(alerts.size, 'alert')}${mutedBy.length > 0 && markup`, muted by ${userText(mutedBy.join(', '))}`};
looked at again ${nextFlushAt > now ? `in ${formatSpan(nextFlushAt - now)}` : 'now'}</li>`;

const eventTable = (events: readonly DecisionEvent[]): Markup =>
  markup`<div class="scroll" tabindex="0" role="region" aria-labelledby="why"><table>
<thead><tr><th scope="col">When</th><th scope="col">What</th><th scope="col">Facts</th></tr></thead>
<tbody>${events
    .toReversed()
    .map(
      ({ at: when, decision }) =>
        markup`<tr><td>${atMs(when)}</td><td>${decision.type.replaceAll('-', ' ')}</td><td><bdi>${cut(factsOf(decision), FACT_MAX)}</bdi></td></tr>`,
    )}</tbody></table></div>`;

/** Field by field; what the page says already, and what is empty, is left out. */
function factsOf(decision: Decision): string {
  return Object.entries(decision)
    .filter(([name]) => name !== 'type' && name !== 'fingerprint')
    .map(([name, value]: [string, unknown]) => [wordsOf(name), factOf(value)])
    .filter(([, fact]) => fact !== '')
    .map(([name, fact]) => `${name}: ${fact}`)
    .join('; ');
}

const wordsOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function factOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(factOf).join(', ');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, each]) => `${wordsOf(name)} ${factOf(each)}`)
    .join(' ');
}
