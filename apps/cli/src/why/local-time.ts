/** Instants as somebody reads them who was just woken: on the clock of the wall, and how long ago. */
import { AppError, parsePrometheusDurationMs } from '@tocsin/kernel';
import { msOf, parseInstant } from '@tocsin/model';

export interface LocalClock {
  readonly now: number;
  /** Minutes east of UTC at an instant. */
  readonly offsetMinutes: (at: number) => number;
}

const DAY_MS = 86_400_000;
const two = (value: number): string => String(value).padStart(2, '0');
/** Reads the wall clock of a zone with the UTC getters. */
const shifted = ({ offsetMinutes }: LocalClock, at: number): Date =>
  new Date(at + offsetMinutes(at) * 60_000);

/** `14:05:30`, with the date when it is another day. */
export function localTime(clock: LocalClock, at: number): string {
  const local = shifted(clock, at);
  const time = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`;
  const date = local.toISOString().slice(0, 10);
  return date === shifted(clock, clock.now).toISOString().slice(0, 10) ? time : `${date} ${time}`;
}

/** `UTC+01:00`. */
export function zoneName(clock: LocalClock): string {
  const minutes = clock.offsetMinutes(clock.now);
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** `4m10s ago`, `in 30s`, `now`. */
export function fromNow(clock: LocalClock, at: number): string {
  const size = Math.round(Math.abs(at - clock.now) / 1000);
  if (size === 0) return 'now';
  return at > clock.now ? `in ${span(size)}` : `${span(size)} ago`;
}

/** The two largest units are enough. */
function span(seconds: number): string {
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join('');
}

/** A sentence of the server with its instants on the local clock. */
export const localised = (clock: LocalClock, text: string): string =>
  text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g, (instant) =>
    localTime(clock, Date.parse(instant)),
  );

/** Text of other people's making must not move the cursor. */
export const printable = (text: string): string =>
  text.replaceAll(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** `--at`: RFC 3339, `HH:MM[:SS]` of the last 24 hours on the local clock, or how long ago (`15m`). */
export function readAt(clock: LocalClock, text: string): number {
  const ago = parsePrometheusDurationMs(text);
  if (ago !== undefined) return clock.now - ago;
  const [matched, hour = '0', minute = '0', second = '0'] = /^(\d\d?):(\d\d)(?::(\d\d))?$/.exec(text) ?? [];
  if (matched !== undefined && Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60) {
    const midnight = Math.floor(shifted(clock, clock.now).getTime() / DAY_MS) * DAY_MS;
    const local = midnight + (Number(hour) * 3600 + Number(minute) * 60 + Number(second)) * 1000;
    const at = local - clock.offsetMinutes(clock.now) * 60_000;
    return at > clock.now ? at - DAY_MS : at;
  }
  const instant = parseInstant(text);
  if (instant !== undefined) return msOf(instant);
  throw AppError.invalid(
    `--at ${text}: expected RFC 3339 like 2026-11-22T14:05:30Z, a time like 14:05, or how long ago like 15m`,
  );
}
