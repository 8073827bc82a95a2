import { InvariantError } from '@tocsin/kernel';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { nodeClock, nodeTimers } from './time.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('nodeClock', () => {
  it('refuses a monotonic clock that goes back', () => {
    const now = vi.spyOn(performance, 'now');
    const clock = nodeClock();
    now.mockReturnValueOnce(1_000).mockReturnValueOnce(1_000).mockReturnValueOnce(999);
    expect([clock.mono(), clock.mono()]).toEqual([1_000, 1_000]);
    expect(() => clock.mono()).toThrow(InvariantError);
  });
});

describe('nodeTimers', () => {
  it('runs once, not before its time, and not at all when cancelled', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const runs: string[] = [];
    const timers = nodeTimers();
    timers.after(100, () => runs.push('a'));
    const cancel = timers.after(100, () => runs.push('b'));
    vi.advanceTimersByTime(99);
    expect(runs).toEqual([]);
    cancel();
    cancel();
    vi.advanceTimersByTime(1_000);
    expect(runs).toEqual(['a']);
  });

  it('waits out delays that Node itself would fire at once', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const fortyDays = 40 * 86_400_000;
    let isRun = false;
    const cancel = nodeTimers().after(fortyDays, () => (isRun = true));
    vi.advanceTimersByTime(fortyDays - 1);
    expect(isRun).toBe(false);
    vi.advanceTimersByTime(1);
    expect(isRun).toBe(true);
    cancel();
    let isSecondRun = false;
    const cancelSecond = nodeTimers().after(fortyDays, () => (isSecondRun = true));
    vi.advanceTimersByTime(fortyDays / 2 + 10 * 86_400_000);
    cancelSecond();
    vi.advanceTimersByTime(fortyDays);
    expect(isSecondRun).toBe(false);
  });

  it('hands what a callback throws to the handler', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] });
    const thrown: unknown[] = [];
    for (const delayMs of [0, 1]) {
      nodeTimers((error) => thrown.push(error)).after(delayMs, () => {
        throw new Error(`a mistake after ${delayMs}`);
      });
    }
    vi.advanceTimersByTime(1);
    expect(thrown).toEqual([new Error('a mistake after 0'), new Error('a mistake after 1')]);
  });

  it('runs what waits for nothing in the next turn, never in this one, unless it is cancelled', async () => {
    const runs: string[] = [];
    const timers = nodeTimers();
    timers.after(0, () => runs.push('a'));
    const cancel = timers.after(0, () => runs.push('b'));
    cancel();
    expect(runs).toEqual([]);
    await new Promise((goOn) => setImmediate(goOn));
    expect(runs).toEqual(['a']);
    cancel();
  });
});
