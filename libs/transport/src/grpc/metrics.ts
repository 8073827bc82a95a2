import { metric, type MetricSpec } from '@tocsin/kernel';

type Method = 'grpc_type' | 'grpc_service' | 'grpc_method';

/** The names that dashboards for gRPC servers know. */
export const grpcServerMetrics: {
  readonly started: MetricSpec<Method>;
  readonly handled: MetricSpec<Method | 'grpc_code'>;
  readonly received: MetricSpec<Method>;
  readonly sent: MetricSpec<Method>;
} = {
  started: metric({
    name: 'grpc_server_started_total',
    help: 'Calls started, streams included.',
    type: 'counter',
    labels: ['grpc_type', 'grpc_service', 'grpc_method'],
  }),
  handled: metric({
    name: 'grpc_server_handled_total',
    help: 'Calls ended, by their status.',
    type: 'counter',
    labels: ['grpc_type', 'grpc_service', 'grpc_method', 'grpc_code'],
  }),
  received: metric({
    name: 'grpc_server_msg_received_total',
    help: 'Messages received.',
    type: 'counter',
    labels: ['grpc_type', 'grpc_service', 'grpc_method'],
  }),
  sent: metric({
    name: 'grpc_server_msg_sent_total',
    help: 'Messages sent.',
    type: 'counter',
    labels: ['grpc_type', 'grpc_service', 'grpc_method'],
  }),
};
