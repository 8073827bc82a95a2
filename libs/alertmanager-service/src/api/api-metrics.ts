import { metric, type MetricSpec } from '@tocsin/kernel';

/** Limits of the API that requests can reach. */
export type ApiLimit =
  | 'watchers' // more streams than `watchersMax`: refused
  | 'watch_gap' // a watcher fell behind what is kept, and was told so
  | 'watch_slow' // a watcher read nothing for too long: ended
  | 'validations' // too many configurations wait to be checked: refused
  | 'count_buckets'; // more combinations of label values than are counted apart

const limits: readonly ApiLimit[] = ['watchers', 'watch_gap', 'watch_slow', 'validations', 'count_buckets'];

export const apiMetrics: {
  readonly limitReached: MetricSpec<'limit'>;
  readonly watchers: MetricSpec<never>;
} = {
  limitReached: metric({
    name: 'tocsin_api_limit_reached_total',
    help: 'Requests that reached a limit of the HTTP API: refused, ended or answered in part.',
    type: 'counter',
    labels: ['limit'],
    initial: limits.map((limit) => ({ limit })),
  }),
  watchers: metric({
    name: 'tocsin_api_watchers',
    help: 'Open streams of /api/v2/tocsin/watch.',
    type: 'gauge',
    labels: [],
  }),
};
