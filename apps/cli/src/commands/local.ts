/** `tocsin sink` and `tocsin demo`: what runs on this machine until it is stopped. */
import type { Command } from '../command.ts';

export const sink: Command = {
  words: '',
  summary: 'a webhook receiver that keeps what arrives and marks duplicates',
  flags: {
    listen: { type: 'string', default: '127.0.0.1:9080', doc: 'host:port; port 0 takes a free one' },
  },
  run: (args, deps) => deps.runSink(args.text('listen')),
};

export const demo: Command = {
  words: '',
  summary: 'the whole of Tocsin on this machine, with a live view (npm start)',
  flags: {
    replicas: { type: 'string', default: '3', doc: 'schedulers and alertmanagers, 1 to 9' },
    prometheus: { type: 'string', default: '', doc: 'URL of a Prometheus, data source of your own rules' },
    rules: {
      type: 'string',
      default: '',
      doc: 'rule files of yours, separated by commas; need --prometheus',
    },
    config: { type: 'string', default: '', doc: "Alertmanager configuration of yours instead of the demo's" },
    'port-offset': { type: 'string', default: '0', doc: 'added to every port' },
    folder: { type: 'string', default: '.tocsin/demo', doc: 'where files, logs and the database are kept' },
  },
  run: (args, deps) =>
    deps.runDemo({
      replicas: args.text('replicas'),
      portOffset: args.text('port-offset'),
      folder: args.text('folder'),
      prometheusUrl: args.text('prometheus'),
      rules: args.text('rules'),
      configFile: args.text('config'),
    }),
};
