import { AppError } from '@tocsin/kernel';
import { describe, expect, it } from 'vitest';
import { ran } from '../testing/run-command.ts';

const silence = (id: string, more: object = {}): object => ({
  id,
  status: { state: 'active' },
  updatedAt: '2026-11-21T00:00:00.000Z',
  startsAt: '2026-11-21T00:00:00.000Z',
  endsAt: '2026-11-22T02:00:00.000Z',
  createdBy: 'ada',
  comment: 'why',
  matchers: [{ name: 'a', value: 'b.*', isRegex: true, isEqual: false }],
  annotations: { ticket: 'T1' },
  ...more,
});
const showing = (...silences: readonly object[]): { readonly get: () => Promise<unknown> } => ({
  get: () => Promise.resolve(silences),
});
const gone = (): Promise<never> =>
  Promise.reject(
    new AppError('not-found', 'POST http://h: 404 silence not found', { facts: { isAnswer: true } }),
  );

describe('tocsin silence add', () => {
  const who = ['--author', 'ada', '--comment', 'db move'];

  it('posts what was asked for and prints the id alone, for scripts', async () => {
    const { code, printed, posted } = await ran([
      'silence',
      'add',
      ...who,
      '--duration',
      '2h',
      'DiskFull',
      'instance=~"db-.+"',
      'env!=test',
      '--annotation=ticket=T1',
    ]);
    expect({ code, printed }).toEqual({ code: 0, printed: ['the-id'] });
    expect(posted).toEqual([
      {
        matchers: [
          { name: 'alertname', value: 'DiskFull', isRegex: false, isEqual: true },
          { name: 'instance', value: 'db-.+', isRegex: true, isEqual: true },
          { name: 'env', value: 'test', isRegex: false, isEqual: false },
        ],
        startsAt: '2026-11-22T00:00:00.000Z',
        endsAt: '2026-11-22T02:00:00.000Z',
        createdBy: 'ada',
        comment: 'db move',
        annotations: { ticket: 'T1' },
      },
    ]);
  });

  it('begins and ends when it is told, in the zone it is told, by who is logged in', async () => {
    const times = ['--start=2030-01-01T00:00:00+01:00', '--end=2030-01-02T00:00:00Z'];
    const { posted } = await ran(['silence', 'add', 'x', '-c', 'y', ...times]);
    expect(posted).toMatchObject([
      { startsAt: '2030-01-01T00:00:00.000+01:00', endsAt: '2030-01-02T00:00:00.000Z', createdBy: 'grace' },
    ]);
  });

  it.each([
    [['silence', 'add', ...who], 'at least one MATCHER'],
    [['silence', 'add', '--author', 'ada', 'a=b'], '--comment is required'],
    [['silence', 'add', ...who, '--duration', 'soon', 'a=b'], '--duration soon'],
    [['silence', 'add', ...who, '--duration', '0s', 'a=b'], '--duration 0s'],
    [['silence', 'add', ...who, '--duraton', '1h', 'a=b'], '--duraton'],
    [['silence', 'add', ...who, '--start', 'noon', 'a=b'], '--start noon'],
    [['silence', 'add', ...who, '--end=2020-01-01T00:00:00Z', 'a=b'], 'end before it starts'],
    [['silence', 'add', ...who, 'a=~"("'], 'missing closing )'],
    [['silence', 'update'], 'at least one ID'],
    [['silence', 'expire'], 'at least one ID'],
    [['silence', 'import', '-w', '0', 'f'], '--worker 0'],
  ])('%j: exits with 2 and says what is wrong, and asks the server nothing', async (args, why) => {
    const { code, errors, asked } = await ran(args);
    expect(code).toBe(2);
    expect(errors.join('\n')).toContain(why);
    expect(asked).toEqual([]);
  });
});

describe('tocsin silence query', () => {
  const all = showing(
    silence('soon'),
    silence('late', { endsAt: '2026-11-23T00:00:00.000Z', createdBy: 'bob' }),
    silence('over', { endsAt: '2026-11-21T23:00:00.000Z', status: { state: 'expired' } }),
    silence('long-over', { endsAt: '2026-11-20T00:00:00.000Z', status: { state: 'expired' } }),
  );
  it.each([
    [[], ['soon', 'late']],
    [['--within', '3h'], ['soon']],
    [
      ['--within', '1d'],
      ['soon', 'late'],
    ],
    [['--expired'], ['long-over', 'over']],
    [['--expired', '--within=2h'], ['over']],
    [['--created-by', 'bob'], ['late']],
    [['--id', 'soon'], ['soon']],
    [['--id', 'none'], []],
  ])('%j shows %j, sorted by end', async (flags, ids) => {
    const { printed } = await ran(['silence', '-q', ...flags], { client: all });
    expect(printed).toEqual(ids);
  });

  it('shows a table, a wide one and JSON', async () => {
    expect((await ran(['silence'], { client: showing(silence('i')) })).printed).toEqual([
      'ID  Matchers  Ends At                  Created By  Comment  ',
      'i   a!~"b.*"  2026-11-22 02:00:00 UTC  ada         why      ',
    ]);
    expect((await ran(['silence', '-oextended'], { client: showing(silence('i')) })).printed[1]).toContain(
      'i   {a!~"b.*"}  2026-11-21 00:00:00 UTC  2026-11-22 02:00:00 UTC  2026-11-21 00:00:00 UTC  ada',
    );
    const { printed } = await ran(['silence', '-ojson'], { client: showing(silence('i')) });
    expect(JSON.parse(printed[0] ?? '')).toEqual([silence('i')]);
  });
});

describe('tocsin silence update', () => {
  it('posts the silence that is there with its id and only what was changed', async () => {
    const { posted, asked, printed } = await ran(
      ['silence', 'update', 'i', '-d', '3d', '-c', 'longer', '-q'],
      {
        client: { get: () => Promise.resolve(silence('i')) },
      },
    );
    expect(asked).toEqual(['GET silence/i', 'POST silences']);
    const { status: _status, updatedAt: _updatedAt, ...rest } = silence('i') as Record<string, unknown>;
    expect(posted).toEqual([{ ...rest, endsAt: '2026-11-24T00:00:00.000Z', comment: 'longer' }]);
    expect(printed).toEqual(['the-id']);
  });
  it('leaves the end alone when only the comment changes', async () => {
    const { posted } = await ran(['silence', 'update', 'i', '-c', 'x'], {
      client: { get: () => Promise.resolve(silence('i')) },
    });
    expect(posted).toMatchObject([{ id: 'i', endsAt: '2026-11-22T02:00:00.000Z', comment: 'x' }]);
  });
});

it('silence expire ends what it can, names what it can not, and exits with 1', async () => {
  const { code, asked, errors } = await ran(['silence', 'expire', 'a', 'b/c', 'd'], {
    client: { delete: (path) => (path === 'silence/a' ? gone() : Promise.resolve()) },
  });
  expect({ code, asked }).toEqual({
    code: 1,
    asked: ['DELETE silence/a', 'DELETE silence/b%2Fc', 'DELETE silence/d'],
  });
  expect(errors[0]).toContain('a: POST http://h: 404');
});

describe('tocsin silence import', () => {
  const text = JSON.stringify([silence('one'), silence('two')]);

  it('posts each with its id, and again without when the server has it no more', async () => {
    const post = (_path: string, body: unknown): Promise<unknown> =>
      (body as { id?: string }).id === 'two'
        ? gone()
        : Promise.resolve({ silenceID: `new-${(body as { id?: string }).id ?? ''}` });
    const { code, posted, printed } = await ran(['silence', 'import', '-w1', 's.json'], {
      files: { 's.json': text },
      client: { post },
    });
    expect(code).toBe(0);
    expect(posted.map((body) => (body as { id?: string }).id)).toEqual(['one', 'two', undefined]);
    expect(posted[0]).not.toHaveProperty('status');
    expect(printed).toEqual(['new-one', 'new-']);
  });

  it('posts without ids when forced, from the standard input too', async () => {
    const { posted } = await ran(['silence', 'import', '--force'], { input: text });
    expect(posted.map((body) => (body as { id?: string }).id)).toEqual([undefined, undefined]);
  });

  it('goes on after one that is refused, and exits with 1', async () => {
    let count = 0;
    const post = (): Promise<unknown> =>
      count++ === 0
        ? Promise.reject(new AppError('invalid', '400 bad', { facts: { isAnswer: true } }))
        : Promise.resolve({ silenceID: 'i' });
    const { code, printed, errors } = await ran(['silence', 'import', '-w1', 's.json'], {
      files: { 's.json': text },
      client: { post },
    });
    expect({ code, printed }).toEqual({ code: 1, printed: ['i'] });
    expect(errors.join()).toContain('1 of 2 silences could not be imported');
  });

  it.each(['xx', '{}', '[1]', '[null]'])(
    '%s is no list of silences: exit code 1, no request',
    async (input) => {
      const { code, asked } = await ran(['silence', 'import'], { input });
      expect({ code, asked }).toEqual({ code: 1, asked: [] });
    },
  );
});
