/** One alertmanager on virtual time, for tests here and for the conformance sets. */
export { Bench, HOUR, MINUTE, SECOND, textOf } from './bench.ts';
export type { BenchOptions, PostedAlert, Told } from './bench.ts';
export { outcomeOf, RecordingReceivers } from './recording-receivers.ts';
