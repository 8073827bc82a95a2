import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { logger } from './log.ts';
import type { LogFormat } from './log.ts';

function capture(format: LogFormat = 'logfmt', level: 'debug' | 'info' | 'warn' | 'error' = 'info') {
  const lines: string[] = [];
  const log = logger({
    level,
    format,
    write: (line) => lines.push(line),
    wall: () => Date.UTC(2026, 10, 22, 1, 2, 3, 4),
  });
  return { lines, log };
}

describe('logger', () => {
  it('writes logfmt as Alertmanager does', () => {
    const { lines, log } = capture();
    log
      .with({ component: 'cluster' })
      .info('Listening on', { address: ':9094', peers: 3, ok: true, none: null, gone: undefined });
    expect(lines).toEqual([
      'ts=2026-11-22T01:02:03.004Z level=info component=cluster msg="Listening on" address=:9094 peers=3 ok=true none=null\n',
    ]);
  });

  it('writes one JSON object a line', () => {
    const { lines, log } = capture('json');
    log.with({ component: 'x' }).warn('Slow', { ms: 5, ok: false, list: [1, 'a'], nan: Number.NaN });
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      ts: '2026-11-22T01:02:03.004Z',
      level: 'warn',
      component: 'x',
      msg: 'Slow',
      ms: 5,
      ok: false,
      list: '[1,"a"]',
      nan: 'NaN',
    });
  });

  it('leaves out what is less severe than the level', () => {
    const { lines, log } = capture('logfmt', 'warn');
    log.debug('a');
    log.info('b');
    log.warn('c');
    log.error('d');
    expect(lines.map((line) => /msg=(\w)/.exec(line)?.[1])).toEqual(['c', 'd']);
  });

  it('never prints a secret, wherever it hides', () => {
    for (const format of ['logfmt', 'json'] as const) {
      const { lines, log } = capture(format);
      log.error('Failed', {
        password: 'hunter2',
        apiKey: 12345,
        nested: { smtp_auth_password: 'hunter2', fine: 1 },
        url: 'https://ada:hunter2@host/path?x=1',
        err: new Error('dial postgres://u:hunter2@db/x: refused'),
        token: true,
      });
      expect(lines.join('')).not.toMatch(/hunter2|12345/);
      expect(lines.join('')).toContain('host/path');
    }
  });

  it('shows errors with their causes, bytes by length, maps and big numbers', () => {
    const { lines, log } = capture();
    log.info('x', {
      err: new Error('outer', { cause: new Error('inner') }),
      bytes: new Uint8Array(3),
      map: new Map([['a', 1n]]),
      cyclic: (() => {
        const self: Record<string, unknown> = {};
        self['self'] = self;
        return self;
      })(),
    });
    expect(lines[0]).toContain(
      'err="outer: inner" bytes="3 bytes" map="[[\\"a\\",\\"1\\"]]" cyclic="unprintable: ',
    );
  });

  it('keeps one event on one line, whatever its text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (key, value) => {
        for (const format of ['logfmt', 'json'] as const) {
          const { lines, log } = capture(format);
          log.info(value, { [key]: value });
          expect(lines).toHaveLength(1);
          expect(lines[0]?.slice(0, -1)).not.toMatch(/[\n\r\u0000-\u0008\u000b-\u001f]/);
        }
      }),
    );
  });

  it('cuts a value that is too long', () => {
    const { lines, log } = capture();
    log.info('x', { big: 'y'.repeat(100_000) });
    expect(lines[0]?.length).toBeLessThan(9_000);
    expect(lines[0]).toContain('(100000 characters)');
  });
});
