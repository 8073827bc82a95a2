/** The words that explanations share. */
import type { Silence } from '@tocsin/alerting';
import type { WallMs } from '@tocsin/kernel';
import {
  formatDuration,
  formatMillis,
  instantOf,
  msOf,
  type LabelSet,
  type ReceiverRef,
} from '@tocsin/model';

export const iso = (at: WallMs): string => formatMillis(instantOf(at));
export const isoOrNull = (at: WallMs | undefined): string | null => (at === undefined ? null : iso(at));
export const duration = (ms: number): string => formatDuration(ms);

/** `team by webhook`, `team by webhook[1]`. */
export const named = ({ groupName, integration, index }: ReceiverRef): string =>
  `${groupName} by ${integration}${index === 0 ? '' : `[${index}]`}`;

export const isSameReceiver = (left: ReceiverRef, right: ReceiverRef): boolean =>
  left.groupName === right.groupName && left.integration === right.integration && left.index === right.index;

/** Labels of people's making, as an object that is safe to print. */
export const plain = (labels: LabelSet): Readonly<Record<string, string>> => Object.fromEntries(labels.pairs);

/** `3f2… (alice: maintenance) until …`. */
export const silenceWords = (
  id: string,
  silence: Pick<Silence, 'createdBy' | 'comment' | 'endsAt'> | undefined,
): string =>
  silence === undefined
    ? id
    : `${id} (${silence.createdBy}: ${silence.comment}) until ${iso(msOf(silence.endsAt))}`;

export const list = (names: readonly string[]): string => names.join(', ');

/** A reason for the end of a sentence: `failure (HTTP 500: no such channel)`. */
export function failureWords(failure: string, statusCode: number, error: string): string {
  const http = statusCode === 0 ? '' : `HTTP ${statusCode}`;
  const details = [http, error].filter((each) => each !== '').join(': ');
  const head = failure === '' ? 'other' : failure;
  return details === '' ? head : `${head}: ${details}`;
}
