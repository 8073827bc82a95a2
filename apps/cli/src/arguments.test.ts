import { AppError } from '@tocsin/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readArguments, type FlagSpecs } from './arguments.ts';

const specs: FlagSpecs = {
  active: { type: 'boolean', short: 'a', doc: '' },
  quiet: { type: 'boolean', short: 'q', default: 'true', doc: '' },
  duration: { type: 'string', short: 'd', default: '1h', doc: '' },
  url: { type: 'string', aliases: ['alertmanager.url'], doc: '' },
  annotation: { type: 'string', isList: true, doc: '' },
};
const read = (...args: readonly string[]): ReturnType<typeof readArguments> => readArguments(args, specs);

describe('arguments', () => {
  it.each([
    [['-d3h'], '3h'],
    [['-d', '3h'], '3h'],
    [['-d=3h'], '3h'],
    [['--duration=3h'], '3h'],
    [['--duration', '3h'], '3h'],
    [['-aqd3h'], '3h'],
    [['--duration=-3h'], '-3h'],
    [['--duration='], ''],
    [[], '1h'],
  ])('%j gives the duration %s', (args, duration) => {
    expect(read(...args).text('duration')).toBe(duration);
  });

  it('has switches, their negation and their letters together', () => {
    expect([read().is('active'), read().is('quiet')]).toEqual([false, true]);
    expect([read('--active').is('active'), read('--no-quiet').is('quiet')]).toEqual([true, false]);
    expect(read('-aq').is('active')).toBe(true);
    expect(read('--active=false').is('active')).toBe(false);
  });

  it('takes another name of a flag, items of a list in order, and words behind -- as they are', () => {
    expect(read('--alertmanager.url', 'x').text('url')).toBe('x');
    expect(read('--annotation=a', 'w', '--annotation', 'b').all('annotation')).toEqual(['a', 'b']);
    expect(read('a', '--', '--active', '-').words).toEqual(['a', '--active', '-']);
    expect(read('-').words).toEqual(['-']);
  });

  it.each([
    [['--nope'], 'unknown flag --nope'],
    [['--actve'], 'did you mean --active?'],
    [['-x'], 'unknown flag -x'],
    [['-d'], '-d needs a value'],
    [['--duration', '-a'], '--duration needs a value; write --duration=-a if that is it'],
    [['--active=maybe'], '--active maybe: expected one of true, false'],
    [['--no-duration'], 'unknown flag --no-duration'],
    [['-d1', '-d2'], '--duration is given twice'],
  ])('%j is refused: %s', (args, why) => {
    expect(() => read(...args)).toThrow(why);
  });

  it('never ends in anything but a reading or an AppError', () => {
    const word = fc.oneof(
      fc.constantFrom(
        '--',
        '-',
        '--=',
        '--no-',
        '-aq',
        '-d',
        '--duration',
        '--url=',
        '--no-active=x',
        '--__proto__',
        '--constructor',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word), (args) => {
        try {
          read(...args);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AppError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('reads the same wherever flags stand among words', () => {
    const flags = [['-a'], ['--duration', '2h'], ['--annotation=x']];
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z=]+$/), { maxLength: 4 }), fc.nat(4), (words, at) => {
        const mixed = read(...words.slice(0, at), ...flags.flat(), ...words.slice(at));
        expect(mixed).toMatchObject({ words });
        expect([mixed.is('active'), mixed.text('duration'), mixed.all('annotation')]).toEqual([
          true,
          '2h',
          ['x'],
        ]);
      }),
    );
  });
});
