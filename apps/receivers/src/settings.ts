/** Every setting of a receivers replica. */
export const settings = {
  grpcListenAddress: {
    type: 'address',
    flag: 'grpc.listen-address',
    default: ':9098',
    doc: 'Address on which alertmanagers are served by gRPC. Port 0 takes a free one.',
  },
  httpListenAddress: {
    type: 'address',
    flag: 'http.listen-address',
    default: ':9099',
    doc: 'Address of /metrics, /-/healthy and /-/ready.',
  },
  logLevel: {
    type: 'enum',
    values: ['debug', 'info', 'warn', 'error'],
    flag: 'log.level',
    default: 'info',
    doc: 'Only log messages with the given severity or above.',
  },
  logFormat: {
    type: 'enum',
    values: ['logfmt', 'json'],
    flag: 'log.format',
    default: 'logfmt',
    doc: 'Output format of log messages.',
  },
} as const;
