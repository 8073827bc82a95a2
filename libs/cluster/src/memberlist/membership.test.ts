/** Every rule of who is alive, from every state. */
import { describe, expect, it } from 'vitest';
import {
  asRumour,
  incompatibleNode,
  judgeAlive,
  judgeDead,
  judgeSuspect,
  PROTOCOL_VERSIONS,
  refutingIncarnation,
} from './membership.ts';
import type { KnownNode } from './membership.ts';
import type { Alive, PushNode, WireState } from './messages.ts';

const me = { name: 'me', isLeaving: false };
const leaving = { name: 'me', isLeaving: true };
const addr = Uint8Array.of(10, 0, 0, 1);
const none = new Uint8Array(0);
const vsn = PROTOCOL_VERSIONS;

const known = (state: WireState, incarnation = 5, name = 'x'): KnownNode & { isTimed: boolean } => ({
  name,
  addr,
  port: 9094,
  meta: none,
  vsn,
  incarnation,
  state,
  stateChangedAt: 0,
  isTimed: state === 'suspect',
});
const alive = (more: Partial<Alive> = {}): Alive => ({
  type: 'alive',
  node: 'x',
  addr,
  port: 9094,
  incarnation: 6,
  meta: none,
  vsn,
  ...more,
});
const states: readonly WireState[] = ['alive', 'suspect', 'dead', 'left'];

describe('an alive message', () => {
  it('about an unknown node makes it known', () => {
    expect(judgeAlive(undefined, alive({ incarnation: 1 }), me)).toBe('accept');
  });

  it.each(states)('with a higher incarnation revives a node that is %s', (state) => {
    expect(judgeAlive(known(state), alive(), me)).toBe('accept');
  });

  it.each(states)('with the same incarnation says nothing new of a node that is %s', (state) => {
    expect(judgeAlive(known(state), alive({ incarnation: 5 }), me)).toBe('ignore');
  });

  it.each([
    ['alive', 'conflict'],
    ['suspect', 'conflict'],
    ['dead', 'conflict'],
    ['left', 'accept'],
  ] as const)('with another address, while the node is %s, is a %s', (state, verdict) => {
    expect(judgeAlive(known(state), alive({ port: 9095 }), me)).toBe(verdict);
    expect(judgeAlive(known(state), alive({ addr: Uint8Array.of(10, 0, 0, 2), incarnation: 1 }), me)).toBe(
      verdict,
    );
  });

  it('about ourselves is refuted when it claims more than we said', () => {
    const own = known('alive', 5, 'me');
    expect(judgeAlive(own, alive({ node: 'me', incarnation: 6 }), me)).toBe('refute');
    expect(judgeAlive(own, alive({ node: 'me', incarnation: 5, meta: Uint8Array.of(1) }), me)).toBe('refute');
    expect(judgeAlive(own, alive({ node: 'me', incarnation: 5 }), me)).toBe('ignore');
    expect(judgeAlive(own, alive({ node: 'me', incarnation: 4 }), me)).toBe('ignore');
    expect(judgeAlive(own, alive({ node: 'me', incarnation: 9 }), leaving)).toBe('ignore');
  });

  it('that no peer could use is refused', () => {
    const bad: Partial<Alive>[] = [
      { vsn: undefined },
      { vsn: Uint8Array.of(1, 5, 2) },
      { vsn: Uint8Array.of(0, 5, 2, 0, 0, 0) },
      { vsn: Uint8Array.of(5, 1, 2, 0, 0, 0) },
      { addr: none },
      { addr: Uint8Array.of(1, 2, 3) },
      { port: 0 },
      { node: '' },
    ];
    for (const more of bad) expect(judgeAlive(undefined, alive(more), me)).toBe('bad-node');
  });
});

describe('a suspect message', () => {
  const suspect = (incarnation: number, node = 'x'): Parameters<typeof judgeSuspect>[1] => ({
    type: 'suspect',
    node,
    incarnation,
    from: 'y',
  });

  it.each([
    ['alive', 'accept'],
    ['suspect', 'confirm'],
    ['dead', 'ignore'],
    ['left', 'ignore'],
  ] as const)('with the same incarnation, about a node that is %s: %s', (state, verdict) => {
    expect(judgeSuspect(known(state), suspect(5), me)).toBe(verdict);
  });

  it('that is out of date, or about nobody, is ignored', () => {
    expect(judgeSuspect(known('alive'), suspect(4), me)).toBe('ignore');
    expect(judgeSuspect(undefined, suspect(4), me)).toBe('ignore');
  });

  it('about ourselves is refuted', () => {
    expect(judgeSuspect(known('alive', 5, 'me'), suspect(5, 'me'), me)).toBe('refute');
  });
});

describe('a dead message', () => {
  const dead = (node: string, from: string, incarnation = 5): Parameters<typeof judgeDead>[1] => ({
    type: 'dead',
    node,
    from,
    incarnation,
  });

  it.each([
    ['alive', 'dead', 'left'],
    ['suspect', 'dead', 'left'],
    ['dead', 'ignore', 'ignore'],
    ['left', 'ignore', 'ignore'],
  ] as const)('about a node that is %s: %s by another, %s by itself', (state, byOther, byItself) => {
    expect(judgeDead(known(state), dead('x', 'y'), me)).toBe(byOther);
    expect(judgeDead(known(state), dead('x', 'x'), me)).toBe(byItself);
  });

  it('that is out of date, or about nobody, is ignored', () => {
    expect(judgeDead(known('alive'), dead('x', 'y', 4), me)).toBe('ignore');
    expect(judgeDead(undefined, dead('x', 'y'), me)).toBe('ignore');
  });

  it('about ourselves is refuted, unless we say it', () => {
    expect(judgeDead(known('alive', 5, 'me'), dead('me', 'y'), me)).toBe('refute');
    expect(judgeDead(known('alive', 5, 'me'), dead('me', 'me'), leaving)).toBe('left');
  });
});

describe('merging what a peer knows', () => {
  const entry = (state: WireState): PushNode => ({
    name: 'x',
    addr,
    port: 9094,
    incarnation: 5,
    meta: none,
    vsn,
    state,
  });

  it('never believes "dead" outright: it becomes our own suspicion, which the node can refute', () => {
    for (const state of ['dead', 'suspect'] as const)
      expect(asRumour(entry(state), me)).toEqual({ type: 'suspect', node: 'x', incarnation: 5, from: 'me' });
  });

  it('takes alive and left as said', () => {
    expect(asRumour(entry('left'), me)).toEqual({ type: 'dead', node: 'x', incarnation: 5, from: 'x' });
    expect(asRumour(entry('alive'), me)).toMatchObject({ type: 'alive', node: 'x', incarnation: 5, addr });
  });

  it('refuses a peer whose versions fit nobody here', () => {
    const at = (name: string, version: readonly number[], state: WireState = 'alive'): PushNode => ({
      ...entry(state),
      name,
      vsn: Uint8Array.from(version),
    });
    expect(
      incompatibleNode([at('a', vsn as unknown as number[])], [at('b', [1, 5, 2, 0, 0, 0])]),
    ).toBeUndefined();
    expect(incompatibleNode([at('a', [3, 5, 4, 0, 0, 0])], [at('b', [1, 5, 2, 0, 0, 0])])).toBe('b');
    expect(incompatibleNode([at('a', [1, 5, 6, 0, 0, 0])], [])).toBe('a');
    expect(incompatibleNode([at('a', [1, 5, 2, 0, 0, 1])], [])).toBe('a');
    // A dead node without versions counts as version 0, which fits nobody.
    expect(incompatibleNode([at('a', [1, 5, 2, 0, 0, 0]), at('gone', [], 'dead')], [])).toBe('gone');
  });
});

describe('refuting', () => {
  it('goes above the own incarnation and the accusation, and stays a 32-bit number', () => {
    expect(refutingIncarnation(1, 1)).toBe(2);
    expect(refutingIncarnation(7, 1)).toBe(8);
    expect(refutingIncarnation(1, 41)).toBe(42);
    expect(refutingIncarnation(1, 0xffff_ffff)).toBe(0xffff_ffff);
  });
});
