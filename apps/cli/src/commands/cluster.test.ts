import { expect, it } from 'vitest';
import { ran } from '../testing/run-command.ts';

const status = {
  cluster: {
    status: 'ready',
    name: 'am-0',
    peers: [
      { name: 'am-1', address: '10.0.0.2:9094' },
      { name: 'am-0', address: '10.0.0.1:9094' },
    ],
  },
  config: { original: 'route: {}\n' },
  uptime: '2026-11-22T00:00:00.000Z',
  versionInfo: { version: '1' },
};
const client = { get: (): Promise<unknown> => Promise.resolve(status) };

it('cluster show tells state, name, and with -o extended the peers by address', async () => {
  const short = ['Cluster Status:  ready', 'Node Name:       am-0'];
  expect((await ran(['cluster'], { client })).printed).toEqual(short);
  expect((await ran(['cluster', 'show', '-o', 'extended'], { client })).printed).toEqual([
    ...short,
    '',
    'Address        Name',
    '10.0.0.1:9094  am-0  ',
    '10.0.0.2:9094  am-1  ',
  ]);
  expect(JSON.parse((await ran(['cluster', '-ojson'], { client })).printed[0] ?? '')).toEqual(status.cluster);
});

it('config show prints the configuration, and with -o extended the version', async () => {
  expect((await ran(['config'], { client })).printed).toEqual(['route: {}\n']);
  expect((await ran(['config', 'show', '-oextended'], { client })).printed).toEqual([
    'route: {}\n',
    'version 1',
    'uptime 2026-11-22T00:00:00.000Z',
  ]);
  expect(JSON.parse((await ran(['config', '-ojson'], { client })).printed[0] ?? '')).toEqual(status);
});
