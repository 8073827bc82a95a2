import { describe, expect, it } from 'vitest';
import { Gate } from './gate.ts';
import { settled, VirtualTime } from './testing/world.ts';

describe('a gate', () => {
  it('lets the next one in only when another leaves, in order', async () => {
    const time = new VirtualTime();
    const gate = new Gate(1, time);
    const order: string[] = [];
    const leave = await gate.enter(1_000, 'x');
    for (const name of ['a', 'b']) {
      void gate.enter(1_000, 'x').then((out) => {
        order.push(name);
        out();
      });
    }
    await settled();
    expect(order).toEqual([]);
    leave();
    await settled();
    expect(order).toEqual(['a', 'b']);
    expect(time.armed).toBe(0);
  });

  it('lets those go who have waited long enough, without losing their place to nobody', async () => {
    const time = new VirtualTime();
    const gate = new Gate(1, time);
    const leave = await gate.enter(1_000, 'x');
    const late = gate.enter(10, 'the source').catch((cause: unknown) => String(cause));
    await time.pass(10);
    expect(await late).toContain('the source: 1 queries are under way, no turn within 10 ms');
    leave();
    await expect(gate.enter(10, 'x')).resolves.toBeTypeOf('function');
  });
});
