import { describe, expect, it } from 'vitest';
import { ran } from '../testing/run-command.ts';

const CONFIG = `route:
  receiver: default
  routes:
  - matchers: [team="a"]
    receiver: team-a
    continue: true
    mute_time_intervals: [weekend]
    routes:
    - {matchers: [sev=~"x|y"], receiver: deep}
  - {matchers: [team!=""], receiver: b, active_time_intervals: [weekend]}
  - {matchers: [x="1"], receiver: c}
receivers: [{name: default}, {name: team-a}, {name: deep}, {name: b}, {name: c}]
time_intervals: [{name: weekend, time_intervals: [{weekdays: ['sunday', 'saturday']}]}]
`;
const files = { 'am.yml': CONFIG };
const local = ['--config.file=am.yml'];
const test = (...args: readonly string[]): ReturnType<typeof ran> =>
  ran(['config', 'routes', 'test', ...local, ...args], { files });

describe('tocsin config routes test', () => {
  it('prints the receivers in the order of the tree', async () => {
    expect((await test('team=a', 'sev=x')).printed).toEqual(['deep,b']);
    expect((await test()).printed).toEqual(['default']);
  });

  it('compares them with those that are expected, for CI', async () => {
    expect((await test('team=a', '--verify.receivers=team-a,b')).code).toBe(0);
    const wrong = await test('team=a', '--verify.receivers=team-a');
    expect(wrong.code).toBe(1);
    expect(wrong.printed).toEqual([
      'team-a,b',
      'WARNING: Expected receivers did not match resolved receivers.',
    ]);
  });

  it('explains which matcher refused each route, by the value that it met', async () => {
    const { printed } = await test('team=a', 'sev=z', '--explain');
    expect(printed).toEqual([
      'All routes:',
      '.',
      '└── default-route  matched, a route below took it',
      '    ├── {team="a"}  continue: true  matched  receiver: team-a',
      '    │\u00a0\u00a0 └── {sev=~"x|y"}  refused by sev=~"x|y": sev is "z"',
      '    ├── {team!=""}  matched  receiver: b',
      '    └── {x="1"}  not tried: an earlier route took the alert',
      '',
      '',
      'team-a,b',
    ]);
    expect((await test('--explain')).printed).toContain(
      '    └── {x="1"}  refused by x="1": the alert has no label x',
    );
  });

  it('says whether time intervals mute each route at a given time', async () => {
    const onSunday = await test('team=a', '--at=2026-11-22T12:00:00Z');
    expect(onSunday.printed).toEqual([
      'team-a,b',
      '  {team="a"}  receiver: team-a  muted: in mute time interval weekend',
      '  {team!=""}  receiver: b  not muted',
    ]);
    const onMonday = await test('team=a', '--at=2026-11-23T12:00:00Z', '-o', 'json');
    expect(JSON.parse(onMonday.printed[0] ?? '')).toMatchObject({
      receivers: ['team-a', 'b'],
      routes: [
        { receiver: 'team-a', timeIntervals: 'not muted' },
        { receiver: 'b', timeIntervals: 'muted: outside of active time interval weekend' },
      ],
      refused: [{ matcher: 'sev=~"x|y"' }],
    });
  });

  it.each([
    [['foo'], 2, 'foo: labels are written name=value'],
    [['a!=b'], 2, 'a!=b: labels are written name=value'],
    [['--at=noon'], 2, '--at noon'],
  ])('%j is typed wrong', async (args, code, why) => {
    const outcome = await test(...args);
    expect(outcome.code).toBe(code);
    expect(outcome.errors.join()).toContain(why);
  });
});

it('routes of a file with mistakes are not judged, and the mistakes told with their place', async () => {
  const bad = { 'am.yml': CONFIG.replace('receiver: deep', 'receiver: shallow') };
  const { code, errors, printed } = await ran(['config', 'routes', ...local], { files: bad });
  expect({ code, printed }).toEqual({ code: 1, printed: [] });
  expect(errors[0]).toContain('am.yml:9:7: route.routes[0].routes[0]: undefined receiver "shallow"');
});

it('receivers that this version can not deliver to are routed to nevertheless', async () => {
  const text = CONFIG.replace('{name: c}', '{name: c, slack_configs: [{channel: x}]}');
  const { code, errors, printed } = await ran(['config', 'routes', 'test', ...local, 'x=1'], {
    files: { 'am.yml': text },
  });
  expect({ code, printed }).toEqual({ code: 0, printed: ['c'] });
  expect(errors[0]).toMatch(/^Warning: am\.yml:12:.*slack_configs/);
  const status = { config: { original: text.replace('route:', 'newer_section: {a: b}\nroute:') } };
  const asked = await ran(['config', 'routes', 'test', 'x=1'], {
    client: { get: () => Promise.resolve(status) },
  });
  expect(asked).toMatchObject({ code: 0, printed: ['c'], asked: ['GET status'] });
});
