export * from './alertmanager.ts';
export * from './parts.ts';
export * from './settings.ts';
export { alertmanagerMetrics } from './metrics.ts';
export * from './checked-configuration.ts';
export type { RecorderMeans } from './recorder/event-recorder.ts';
export type { LineSink } from './recorder/line-output.ts';
export { recorderMetrics } from './recorder/recorder-metrics.ts';
export type { PostEvents, PostOutcome } from './recorder/webhook-output.ts';
