import { metric, type MetricSpec } from '@tocsin/kernel';

export type RecorderMetrics = {
  readonly recorded: MetricSpec<'event_type' | 'output' | 'result'>;
  readonly bytesWritten: MetricSpec<'event_type' | 'output'>;
  readonly dropped: MetricSpec<'event_type'>;
  readonly serializeErrors: MetricSpec<'event_type'>;
  readonly outputDrops: MetricSpec<'output'>;
  readonly queueLength: MetricSpec<never>;
};

/** Names are Alertmanager's. `output` is `stdout`, `file:<path>` or `webhook:<index>`: a webhook's URL is a secret. */
export const recorderMetrics: RecorderMetrics = {
  recorded: metric({
    name: 'alertmanager_events_recorded_total',
    help: 'The total number of events handed to an output of the event recorder, by result.',
    type: 'counter',
    labels: ['event_type', 'output', 'result'],
  }),
  bytesWritten: metric({
    name: 'alertmanager_event_recorder_bytes_written_total',
    help: 'The total number of bytes of events that an output of the event recorder has taken.',
    type: 'counter',
    labels: ['event_type', 'output'],
  }),
  dropped: metric({
    name: 'alertmanager_events_dropped_total',
    help: 'The total number of events lost because the event recorder could not keep up.',
    type: 'counter',
    labels: ['event_type'],
  }),
  serializeErrors: metric({
    name: 'alertmanager_event_serialize_errors_total',
    help: 'The total number of events that could not be serialised.',
    type: 'counter',
    labels: ['event_type'],
  }),
  outputDrops: metric({
    name: 'alertmanager_event_output_drops_total',
    help: 'The total number of events that one output of the event recorder lost because its queue was full, or at its end.',
    type: 'counter',
    labels: ['output'],
  }),
  queueLength: metric({
    name: 'alertmanager_event_recorder_queue_length',
    help: 'Events of the event recorder that wait to be written.',
    type: 'gauge',
    labels: [],
  }),
};
