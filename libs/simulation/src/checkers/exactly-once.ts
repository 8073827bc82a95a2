/**
 * C2 and C6: every notification is justified by what people knew. The sink's own history is the log
 * that an all-knowing replica would have decided from; a notification that such a replica would not have
 * sent is a repetition. Without a partition none may happen; of what was in flight at a kill or a pause,
 * one; in a partition, one for each side.
 */
import { decide } from '@tocsin/alerting';
import { instantOf } from '@tocsin/model';
import type { Fault } from '../faults.ts';
import { timings } from '../timings.ts';
import type { Arrival } from '../world/sink.ts';
import type { Checker, Evidence, Violation } from './checker.ts';

/** Between the flush that decides and the arrival, with every earlier replica's turn before it. */
const DECISION_SLACK_MS = 30_000;
/** From the request's way to the sink until its entry is safe in another process. */
const IN_FLIGHT_MS = 1_000;
/** Members that met again may still act on what they did not know. */
const HEAL_MS = 15_000;

export interface Repetition {
  readonly original: Arrival;
  readonly again: Arrival;
}

export function repetitions(arrivals: readonly Arrival[]): readonly Repetition[] {
  const last = new Map<string, Arrival>();
  const found: Repetition[] = [];
  for (const arrival of arrivals) {
    const key = `${arrival.receiver} ${arrival.groupKey}`;
    const original = last.get(key);
    if (original !== undefined && !isJustified(original, arrival)) found.push({ original, again: arrival });
    else last.set(key, arrival);
  }
  return found;
}

const isJustified = (known: Arrival, arrival: Arrival): boolean =>
  decide({
    entry: { at: instantOf(known.at), firing: known.firing, resolved: known.resolved },
    firing: new Set(arrival.firing),
    resolved: new Set(arrival.resolved),
    sendResolved: true,
    repeatIntervalMs: timings.repeatIntervalMs - DECISION_SLACK_MS,
    nowMs: arrival.at,
  }).send;

export const exactlyOnce: Checker = (evidence) =>
  repetitions(evidence.universe.sink.arrivals)
    .filter((repetition) => excuse(evidence, repetition) === undefined)
    .map(({ original, again }): Violation => {
      const isAfterKill = evidence.faults.some(({ kind }) => kind === 'crash' || kind === 'restart');
      return {
        claim: isAfterKill ? 'C6' : 'C2',
        at: again.at,
        what:
          `${again.receiver} ${again.groupKey}: ${again.by} repeated at ${again.at} ms what ` +
          `${original.by} had told at ${original.at} ms`,
      };
    });

/** Why a repetition was no mistake; undefined when it was one. */
export function excuse(evidence: Evidence, { original, again }: Repetition): string | undefined {
  const { faults, universe } = evidence;
  if (!original.isAnswered) return 'the answer was lost';
  const viaOf = (arrival: Arrival): string =>
    universe.processes.find(({ address }) => address === arrival.via)?.name ?? '';
  for (const fault of faults) {
    if (isInFlight(fault, original, viaOf(original))) return `in flight: ${fault.text}`;
    // A request that lay in a receivers replica which stood still arrives when it runs again.
    if (
      fault.kind === 'pause' &&
      fault.nodes.includes(viaOf(again)) &&
      within(again.at, fault.until, fault.until + IN_FLIGHT_MS)
    )
      return `held up: ${fault.text}`;
    // A worker that stands still cuts its replica off as a partition does.
    const isCut = fault.kind === 'partition' || fault.kind === 'stall';
    if (isCut && isBetween(fault, original, again)) return `both sides: ${fault.text}`;
    if (fault.kind === 'answers' && within(original.at, fault.at - IN_FLIGHT_MS, fault.until + IN_FLIGHT_MS))
      return `answer lost: ${fault.text}`;
    // No messages, no knowledge: as in a partition, for as long as the clog lasts.
    if (fault.kind === 'clog' && within(original.at, fault.at - IN_FLIGHT_MS, fault.until)) return fault.text;
  }
  return undefined;
}

const within = (at: number, from: number, until: number): boolean => at >= from && at <= until;

const isInFlight = (fault: Fault, original: Arrival, via: string): boolean =>
  (fault.kind === 'crash' || fault.kind === 'pause' || fault.kind === 'stall') &&
  (fault.nodes.includes(original.by) || fault.nodes.includes(via)) &&
  within(fault.at, original.at - IN_FLIGHT_MS, original.at + IN_FLIGHT_MS);

const isBetween = (fault: Fault, original: Arrival, again: Arrival): boolean =>
  fault.nodes.includes(original.by) !== fault.nodes.includes(again.by) &&
  original.at <= fault.until + HEAL_MS &&
  within(again.at, fault.at, fault.until + HEAL_MS);
