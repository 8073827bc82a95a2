import { describe, expect, it } from 'vitest';
import { Bench, HOUR, MINUTE } from './testing/bench.ts';
import { configurationOf } from './testing/configuration.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function started(isLoggingSilences: boolean): Promise<Bench> {
  const bench = new Bench({ turn, configuration: configurationOf(), settings: { isLoggingSilences } });
  await bench.start();
  return bench;
}
const posted = (bench: Bench, more: object = {}): object => ({
  matchers: [
    { name: 'instance', value: 'a"b', isRegex: false },
    { name: 'team', value: 'db|web', isRegex: true, isEqual: false },
  ],
  startsAt: bench.time(),
  endsAt: bench.time(HOUR),
  createdBy: 'ann',
  comment: 'maintenance',
  ...more,
});
async function idOf(bench: Bench, body: object): Promise<string> {
  const answer = await bench.request('POST', '/api/v2/silences', body);
  expect(answer.status).toBe(200);
  return (answer.body as { silenceID: string }).silenceID;
}
const logged = (bench: Bench): readonly object[] =>
  bench.logger.lines.filter(({ message }) => message === 'Silence changed').map(({ facts }) => facts);

describe('changes of silences', () => {
  it('are logged with all that says what they silence, when that is wanted', async () => {
    const bench = await started(true);
    const [startsAt, endsAt] = [bench.time(), bench.time(HOUR)];
    const id = await idOf(bench, posted(bench));
    const facts = {
      Id: id,
      CreatedBy: 'ann',
      Comment: 'maintenance',
      StartsAt: startsAt,
      EndsAt: endsAt,
      Matchers: '{instance="a\\"b",team!~"db|web"}',
    };
    expect(logged(bench)).toEqual([{ change: 'created', ...facts }]);
    await idOf(bench, posted(bench, { id, startsAt, endsAt, comment: 'longer' }));
    expect(logged(bench)[1]).toEqual({ change: 'updated', ...facts, Comment: 'longer' });
    await bench.request('DELETE', `/api/v2/silence/${id}`);
    expect(logged(bench)[2]).toMatchObject({ change: 'expired', Id: id, EndsAt: bench.time() });
    expect(logged(bench)).toHaveLength(3);
  });

  it('are not logged otherwise', async () => {
    const bench = await started(false);
    await idOf(bench, posted(bench));
    expect(logged(bench)).toEqual([]);
  });

  it('tell of the silence that another replaces that it has ended', async () => {
    const bench = await started(true);
    const old = await idOf(bench, posted(bench));
    await bench.run(MINUTE);
    const matchers = [{ name: 'instance', value: 'c', isRegex: false }];
    const fresh = await idOf(bench, posted(bench, { id: old, matchers }));
    expect(fresh).not.toBe(old);
    expect(bench.decisions('silence-changed').map(({ silence, change }) => [silence, change])).toEqual([
      [old, 'created'],
      [old, 'expired'],
      [fresh, 'created'],
    ]);
    expect(logged(bench).slice(1)).toMatchObject([
      { change: 'expired', Id: old, EndsAt: bench.time() },
      { change: 'created', Id: fresh, StartsAt: bench.time() },
    ]);
  });

  it('survive a restart, and are told apart from what came by mistake: an unknown id is no wish', async () => {
    const bench = await started(false);
    const id = await idOf(bench, posted(bench, { annotations: { ticket: 'OPS-1' } }));
    expect(await bench.request('POST', '/api/v2/silences', posted(bench, { id: 'x' }))).toEqual({
      status: 404,
      body: 'silence not found',
    });
    await bench.restart(MINUTE);
    expect((await bench.request('GET', `/api/v2/silence/${id}`)).body).toMatchObject({
      annotations: { ticket: 'OPS-1' },
      status: { state: 'active' },
    });
  });
});
