import fc from 'fast-check';
import { LabelSet, type Matcher } from '@tocsin/model';
import { describe, expect, it } from 'vitest';
import type { RouteNode } from './configuration.ts';
import { explainRoutes, groupKey, groupLabels, matchRoutes } from './route.ts';
import { matcherOf, routeOf } from './testing/fixtures.ts';

const labelsOf = (labels: Readonly<Record<string, string>>): LabelSet => LabelSet.fromObject(labels);
const idsOf = (routes: readonly RouteNode[]): string[] => routes.map(({ id }) => id);
const team = (name: string): Matcher[] => [matcherOf('team', '=', name)];

describe('matchRoutes', () => {
  const tree = routeOf('root', {
    routes: [
      routeOf('audit', { continue: true }),
      routeOf('a', {
        matchers: team('a'),
        routes: [
          routeOf('a/page', { matchers: [matcherOf('severity', '=~', 'critical|page')], continue: true }),
          routeOf('a/db', { matchers: [matcherOf('service', '=', 'db')] }),
          routeOf('a/late', { matchers: [matcherOf('service', '=', 'db')] }),
        ],
      }),
      routeOf('again', { matchers: team('a') }),
      routeOf('b', { matchers: [...team('b'), matcherOf('env', '!=', 'test')] }),
    ],
  });

  it('names the matching node whose children all refuse', () => {
    expect(idsOf(matchRoutes(tree, labelsOf({ team: 'a' })))).toEqual(['audit', 'a']);
  });
  it('goes on among siblings after a continue, and no further after a match without it', () => {
    const labels = labelsOf({ team: 'a', severity: 'page', service: 'db' });
    expect(idsOf(matchRoutes(tree, labels))).toEqual(['audit', 'a/page', 'a/db']);
  });
  it('takes a missing label as the empty string', () => {
    expect(idsOf(matchRoutes(tree, labelsOf({ team: 'b' })))).toEqual(['audit', 'b']);
  });
  it('falls back to the root when no child wants the alert', () => {
    const lone = { ...tree, routes: tree.routes.slice(1) };
    expect(idsOf(matchRoutes(lone, labelsOf({ team: 'c' })))).toEqual(['root']);
  });
  it('explains each refusal by the first matcher that failed', () => {
    expect(explainRoutes(tree, labelsOf({ team: 'b', env: 'test' }))).toMatchObject({
      matched: [{ id: 'audit' }],
      refused: [
        { routeId: 'a', matcher: 'team="a"' },
        { routeId: 'again', matcher: 'team="a"' },
        { routeId: 'b', matcher: 'env!="test"' },
      ],
    });
  });

  it('tells the whole walk: what was passed on, refused, matched, and which earlier sibling took the alert', () => {
    const walk = explainRoutes(tree, labelsOf({ team: 'a', severity: 'page' })).tried;
    expect(walk.map(({ route, depth, outcome, takenBy }) => [route.id, depth, outcome, takenBy?.id])).toEqual(
      [
        ['root', 0, 'passed-on', undefined],
        ['audit', 1, 'matched', undefined],
        ['a', 1, 'passed-on', undefined],
        ['a/page', 2, 'matched', undefined],
        ['a/db', 2, 'refused', undefined],
        ['a/late', 2, 'refused', undefined],
        ['again', 1, 'not-tried', 'a'],
        ['b', 1, 'not-tried', 'a'],
      ],
    );
  });

  const value = fc.constantFrom('', 'x', 'y');
  const matchers = fc.array(
    fc
      .record({ name: fc.constantFrom('a', 'b'), type: fc.constantFrom('=' as const, '!=' as const), value })
      .map((drawn) => matcherOf(drawn.name, drawn.type, drawn.value)),
    { maxLength: 2 },
  );
  const node = fc.letrec<{ route: RouteNode }>((tie) => ({
    route: fc
      .record({
        matchers,
        continue: fc.boolean(),
        routes: fc.oneof({ depthSize: 'small' }, fc.constant([]), fc.array(tie('route'), { maxLength: 3 })),
      })
      .map((drawn) => routeOf('r', drawn)),
  })).route;

  it('gives every alert at least one route, and the explanation always agrees', () => {
    fc.assert(
      fc.property(node, fc.record({ a: value, b: value }), (route, labels) => {
        const root = { ...route, matchers: [] };
        const matched = matchRoutes(root, labelsOf(labels));
        expect(matched.length).toBeGreaterThan(0);
        expect(explainRoutes(root, labelsOf(labels)).matched).toEqual(matched);
      }),
    );
  });
});

describe('groups', () => {
  const labels = labelsOf({ alertname: 'Disk', cluster: 'eu "q" \\', pod: 'p' });
  it('leaves out labels the alert lacks', () => {
    const route = routeOf('{}', { groupBy: new Set(['cluster', 'zone']) });
    expect(groupKey(route, groupLabels(route, labels))).toBe('{}:{cluster="eu \\"q\\" \\\\"}');
  });
  it('takes all labels for `...` and none for an empty list', () => {
    expect(groupLabels(routeOf('{}', { groupBy: 'all' }), labels)).toBe(labels);
    const route = routeOf('{}/{team="b"}', { groupBy: new Set() });
    expect(groupKey(route, groupLabels(route, labels))).toBe('{}/{team="b"}:{}');
  });
});
