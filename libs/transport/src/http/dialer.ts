/**
 * Connections that leave the process, counted under the names that dashboards of Go programs know. The
 * dialer is whoever asked first: an integration's type, `default` for the rest.
 */
import { metric, type Meter, type MetricSpec } from '@tocsin/kernel';
import type { buildConnector } from 'undici';

const REASONS = ['refused', 'resolution', 'timeout', 'unknown'] as const;

export const dialerMetrics: {
  readonly attempted: MetricSpec<'dialer_name'>;
  readonly established: MetricSpec<'dialer_name'>;
  readonly failed: MetricSpec<'dialer_name' | 'reason'>;
  readonly closed: MetricSpec<'dialer_name'>;
} = {
  attempted: metric({
    name: 'net_conntrack_dialer_conn_attempted_total',
    help: 'Total number of connections attempted by the given dialer a given name.',
    type: 'counter',
    labels: ['dialer_name'],
    initial: [{ dialer_name: 'default' }],
  }),
  established: metric({
    name: 'net_conntrack_dialer_conn_established_total',
    help: 'Total number of connections successfully established by the given dialer a given name.',
    type: 'counter',
    labels: ['dialer_name'],
    initial: [{ dialer_name: 'default' }],
  }),
  failed: metric({
    name: 'net_conntrack_dialer_conn_failed_total',
    help: 'Total number of connections failed to dial by the dialer a given name.',
    type: 'counter',
    labels: ['dialer_name', 'reason'],
    initial: REASONS.map((reason) => ({ dialer_name: 'default', reason })),
  }),
  closed: metric({
    name: 'net_conntrack_dialer_conn_closed_total',
    help: 'Total number of connections closed which originated from the dialer of a given name.',
    type: 'counter',
    labels: ['dialer_name'],
    initial: [{ dialer_name: 'default' }],
  }),
};

export function countedConnector(
  connect: buildConnector.connector,
  dialer_name: string,
  meter: Meter,
): buildConnector.connector {
  const counted: buildConnector.connector = (options, callback) => {
    meter.add(dialerMetrics.attempted, 1, { dialer_name });
    connect(options, (...outcome) => {
      const [error, socket] = outcome;
      if (error === null) {
        meter.add(dialerMetrics.established, 1, { dialer_name });
        socket.once('close', () => meter.add(dialerMetrics.closed, 1, { dialer_name }));
      } else meter.add(dialerMetrics.failed, 1, { dialer_name, reason: reasonOf(error) });
      callback(...outcome);
    });
  };
  return counted;
}

function reasonOf(error: Error): (typeof REASONS)[number] {
  switch ('code' in error ? error.code : '') {
    case 'ECONNREFUSED':
      return 'refused';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'resolution';
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return 'timeout';
    default:
      return 'unknown';
  }
}
