export interface Wanted {
  readonly routes?: readonly object[];
  /** Beside `team`. */
  readonly receivers?: readonly string[];
  readonly sendResolved?: boolean;
  readonly route?: object;
  /** Further sections. */
  readonly more?: object;
}

/** group_wait 10 s, group_interval 1 m, repeat_interval 1 h; one webhook receiver `team`. */
export function configurationOf({
  routes = [],
  receivers = [],
  sendResolved = true,
  route = {},
  more = {},
}: Wanted = {}): object {
  return {
    route: {
      receiver: 'team',
      group_by: ['alertname'],
      group_wait: '10s',
      group_interval: '1m',
      repeat_interval: '1h',
      routes,
      ...route,
    },
    receivers: ['team', ...receivers].map((name) => ({
      name,
      webhook_configs: [{ url: `http://sink.test/${name}`, send_resolved: sendResolved }],
    })),
    ...more,
  };
}
