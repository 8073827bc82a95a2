/** C1: an alert that fires for longer than the bound was notified by somebody; so was its end. */
import { timings } from '../timings.ts';
import type { Checker, Evidence, Violation } from './checker.ts';
import { troubledMs } from './checker.ts';
import type { Trouble } from '../workload.ts';

/** From the trouble to the alert in every alertmanager. */
const DETECTION_MS = timings.evaluationMs + 2_000;

/** Architecture section 9, with a group interval for an alert that joins a group, and one for the rounding to ticks. */
export const boundMs = (replicas: number): number =>
  DETECTION_MS + timings.groupWaitMs + timings.groupIntervalMs + replicas * timings.peerTimeoutMs + 2_000;

export const atLeastOnce: Checker = (evidence) =>
  evidence.troubles.flatMap((trouble) => [...missing(evidence, trouble)]);

function* missing(evidence: Evidence, trouble: Trouble): Iterable<Violation> {
  const { universe, lengthMs } = evidence;
  if (isSilenced(evidence, trouble)) return;
  const allowed = allowedMs(evidence, trouble.from);
  const told = universe.sink.arrivals.filter(
    ({ firing, at }) =>
      firing.includes(trouble.fingerprint) && at >= trouble.from && at <= trouble.from + allowed,
  );
  const name = `${trouble.kind} on ${trouble.instance} (${trouble.fingerprint.slice(0, 6)})`;
  if (told.length === 0 && isStillBelieved(evidence, trouble)) return;
  if (told.length === 0) {
    if (Math.min(trouble.until, lengthMs) - trouble.from > allowed)
      yield {
        claim: 'C1',
        at: trouble.from + allowed,
        what: `${name} has fired since ${trouble.from} ms and nobody was told within ${allowed} ms`,
      };
    return;
  }
  const allowedEnd = allowedMs(evidence, trouble.until);
  if (trouble.until + allowedEnd > lengthMs || isBackSoon(evidence, trouble, allowedEnd)) return;
  const isEndTold = universe.sink.arrivals.some(
    ({ resolved, at }) =>
      resolved.includes(trouble.fingerprint) && at >= trouble.until && at <= trouble.until + allowedEnd,
  );
  if (!isEndTold)
    yield {
      claim: 'C1',
      at: trouble.until + allowedEnd,
      what: `${name} ended at ${trouble.until} ms and nobody was told within ${allowedEnd} ms`,
    };
}

/** A flap between two ticks: what people were told last is true again. */
function isStillBelieved({ universe }: Evidence, { fingerprint, from }: Trouble): boolean {
  const last = universe.sink.arrivals.findLast(
    ({ at, firing, resolved }) =>
      at < from && (firing.includes(fingerprint) || resolved.includes(fingerprint)),
  );
  return last?.firing.includes(fingerprint) === true;
}

const isBackSoon = ({ troubles }: Evidence, trouble: Trouble, withinMs: number): boolean =>
  troubles.some(
    ({ fingerprint, from }) =>
      fingerprint === trouble.fingerprint && from >= trouble.until && from <= trouble.until + withinMs,
  );

const isSilenced = ({ silences }: Evidence, trouble: Trouble): boolean =>
  silences.some((silence) => silence.instance === trouble.instance);

function allowedMs({ universe, faults, slackMs }: Evidence, from: number): number {
  const bound = boundMs(universe.alertmanagers.length) + slackMs;
  // What happens while we wait adds its own length, once.
  return bound + troubledMs(faults, from - 30_000, from + bound);
}
