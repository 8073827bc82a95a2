import { metric, type MetricSpec } from '@tocsin/kernel';

export const receiversMetrics: {
  readonly requests: MetricSpec<'integration' | 'status'>;
  readonly duration: MetricSpec<'integration'>;
  readonly inFlight: MetricSpec;
  readonly repeated: MetricSpec<'how'>;
  readonly windowExceeded: MetricSpec;
  readonly configurations: MetricSpec;
  readonly outcomes: MetricSpec;
  readonly evicted: MetricSpec<'what'>;
} = {
  requests: metric({
    name: 'tocsin_receivers_requests_total',
    help: 'Notification attempts by their outcome.',
    type: 'counter',
    labels: ['integration', 'status'],
  }),
  duration: metric({
    name: 'tocsin_receivers_request_duration_seconds',
    help: 'Time from the request to its outcome.',
    type: 'histogram',
    labels: ['integration'],
    buckets: [0.005, 0.025, 0.1, 0.5, 1, 5, 10, 15, 20],
  }),
  inFlight: metric({
    name: 'tocsin_receivers_requests_in_flight',
    help: 'Notification attempts under way.',
    type: 'gauge',
    labels: [],
  }),
  repeated: metric({
    name: 'tocsin_receivers_repeated_requests_total',
    help: 'Requests answered without sending: joined to one under way, or already delivered.',
    type: 'counter',
    labels: ['how'],
    initial: [{ how: 'joined' }, { how: 'delivered' }],
  }),
  windowExceeded: metric({
    name: 'tocsin_receivers_window_exceeded_total',
    help: 'Requests refused because their stream had 256 unanswered ones.',
    type: 'counter',
    labels: [],
  }),
  configurations: metric({
    name: 'tocsin_receivers_configurations',
    help: 'Integration configurations held.',
    type: 'gauge',
    labels: [],
  }),
  outcomes: metric({
    name: 'tocsin_receivers_outcomes',
    help: 'Outcomes of the last ten minutes held.',
    type: 'gauge',
    labels: [],
  }),
  evicted: metric({
    name: 'tocsin_receivers_evicted_total',
    help: 'Configurations and outcomes dropped early because their limit was reached.',
    type: 'counter',
    labels: ['what'],
    initial: [{ what: 'configuration' }, { what: 'outcome' }],
  }),
};
