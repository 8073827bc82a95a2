/** What the deciding code sees of the event recorder: one call that never waits and never throws. */

/** By their key under `data`; metrics name them in snake_case. */
export const recordedTypes = [
  'alertmanagerStartupEvent',
  'alertmanagerShutdownEvent',
  'alertCreated',
  'alertGrouped',
  'alertResolved',
  'notification',
  'silenceCreated',
  'silenceUpdated',
  'silenceMutedAlert',
  'inhibitionMutedAlert',
] as const;
export type RecordedType = (typeof recordedTypes)[number];

/** As protobuf's JSON has it: what is undefined, and what has its zero value, is left out. */
export type EventData = Readonly<Record<string, unknown>>;

export interface Recorder {
  /** False: nobody takes events; callers may skip gathering them. */
  readonly isOn: boolean;
  /** `data` is asked for later, off the path that decides: what it reads must not change. */
  record(type: RecordedType, data: () => EventData): void;
}

export const noRecorder: Recorder = { isOn: false, record: () => undefined };
