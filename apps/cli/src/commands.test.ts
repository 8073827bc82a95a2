import { AppError } from '@tocsin/kernel';
import { describe, expect, it } from 'vitest';
import type { AlertmanagerClient } from './alertmanager-client.ts';
import { runCommand, type CommandDeps } from './commands.ts';

interface Ran {
  readonly code: number;
  readonly printed: readonly string[];
  readonly errors: readonly string[];
  readonly posted: readonly unknown[];
}

async function ran(args: readonly string[], client: Partial<AlertmanagerClient> = {}): Promise<Ran> {
  const [printed, errors, posted]: [string[], string[], unknown[]] = [[], [], []];
  const never = (): Promise<never> => Promise.reject(new Error('not expected'));
  const deps: CommandDeps = {
    wall: () => Date.UTC(2026, 10, 22),
    client: () => ({
      get: client.get ?? never,
      post:
        client.post ??
        ((_path, body) => {
          posted.push(body);
          return Promise.resolve({ silenceID: 'the-id' });
        }),
      delete: client.delete ?? never,
    }),
    print: (line) => printed.push(line),
    printError: (line) => errors.push(line),
    runSink: never,
    runDemo: never,
  };
  return { code: await runCommand(args, deps), printed, errors, posted };
}

describe('tocsin silence add', () => {
  const who = ['--author', 'ada', '--comment', 'db move'];

  it('posts what was asked for and prints the id alone, for scripts', async () => {
    const { code, printed, posted } = await ran([
      'silence',
      'add',
      ...who,
      '--duration',
      '2h',
      'alertname=DiskFull',
      'instance=~"db-.+"',
      'env!=test',
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
      },
    ]);
  });

  it.each([
    [['silence', 'add', ...who], 'at least one MATCHER'],
    [['silence', 'add', '--author', 'ada', 'a=b'], '--comment is required'],
    [['silence', 'add', ...who, '--duration', 'soon', 'a=b'], '--duration soon'],
    [['silence', 'add', ...who, '--duraton', '1h', 'a=b'], '--duraton'],
    [['silence', 'add', ...who, 'a=~"("'], 'missing closing )'],
    [['silences'], 'unknown command "silences"'],
  ])('%j: exits with 2 and says what is wrong, and asks the server nothing', async (args, why) => {
    const { code, errors, posted } = await ran(args);
    expect(code).toBe(2);
    expect(errors.join('\n')).toContain(why);
    expect(posted).toEqual([]);
  });

  it('exits with 1 when the server refuses or is away, with its words', async () => {
    const post = (): Promise<never> =>
      Promise.reject(
        new AppError('invalid', 'POST http://h/api/v2/silences: 400 exceeded maximum number of silences'),
      );
    const { code, errors } = await ran(['silence', 'add', ...who, 'a=b'], { post });
    expect(code).toBe(1);
    expect(errors).toEqual([
      'tocsin silence add: POST http://h/api/v2/silences: 400 exceeded maximum number of silences',
    ]);
  });
});

it('shows help for every command that it lists', async () => {
  const { printed } = await ran(['--help']);
  const names = (printed[0] ?? '')
    .split('\n')
    .flatMap((line) => /^ {2}([a-z]+(?: [a-z]+)?) /.exec(line)?.[1] ?? []);
  expect(names.length).toBeGreaterThan(6);
  for (const name of names) {
    const { code, printed: help } = await ran([...name.split(' '), '--help']);
    expect(code).toBe(0);
    expect(help[0]).toContain(`Usage: tocsin ${name}`);
  }
});
