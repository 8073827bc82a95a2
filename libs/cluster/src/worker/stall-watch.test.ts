import { describe, expect, it } from 'vitest';
import { StallWatch } from './stall-watch.ts';

/** Ticks every 100 ms from `from` to `to`, the main thread stamping along until `mainUntil`. */
function run(
  watch: StallWatch,
  from: number,
  to: number,
  mainUntil: number,
): ReturnType<StallWatch['tick']>[] {
  const verdicts = [];
  for (let now = from; now <= to; now += 100) verdicts.push(watch.tick(now, Math.min(now, mainUntil)));
  return verdicts;
}

describe('StallWatch', () => {
  it('finds nothing while both threads run', () => {
    const verdicts = run(new StallWatch(0), 100, 60_000, Infinity);
    expect(verdicts.every(({ main, workerStalledMs }) => main === 'runs' && workerStalledMs === 0)).toBe(
      true,
    );
  });

  it('finds the main thread stalled after 2 s, dead after 30 s, and tells each change once', () => {
    const verdicts = run(new StallWatch(0), 100, 40_000, 1000);
    const changes = verdicts
      .map(({ main, mainBefore }, index) => ({ main, mainBefore, at: 100 * (index + 1) }))
      .filter(({ main, mainBefore }) => main !== mainBefore);
    expect(changes).toEqual([
      { mainBefore: 'runs', main: 'stalled', at: 3100 },
      { mainBefore: 'stalled', main: 'dead', at: 31_100 },
    ]);
  });

  it('counts the silence of the main thread from its own waking, since both slept', () => {
    const watch = new StallWatch(0);
    run(watch, 100, 1000, Infinity);
    expect(watch.tick(100_000, 1000)).toMatchObject({ main: 'runs', workerStalledMs: 99_000 });
    expect(run(watch, 100_100, 101_900, 1000).every(({ main }) => main === 'runs')).toBe(true);
    expect(run(watch, 102_000, 103_000, 1000).at(-1)?.main).toBe('stalled');
  });

  it('sees the main thread come back', () => {
    const watch = new StallWatch(0);
    run(watch, 100, 5000, 1000);
    expect(watch.tick(5100, 5090)).toMatchObject({ mainBefore: 'stalled', main: 'runs' });
  });
});
