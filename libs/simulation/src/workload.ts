/**
 * @module simulation/workload
 *
 * What is truly broken, and when: series that hold during intervals. The schedulers see it through a
 * virtual Prometheus; the checkers know it.
 */
import type { Random } from '@tocsin/kernel';
import { LabelSet } from '@tocsin/model';
import type { WebAnswer, WebRequest } from './world/virtual-http.ts';

export interface Trouble {
  readonly kind: string;
  readonly instance: string;
  readonly severity: 'page' | 'note';
  /** Milliseconds of true time; until is exclusive. */
  readonly from: number;
  readonly until: number;
  /** Of the alert it becomes. */
  readonly fingerprint: string;
}

const KINDS = ['DiskFull', 'HighLatency', 'NodeDown'] as const;

/** Troubles within `lengthMs`; of one series never two at once. */
export function troublesFrom(random: Random, lengthMs: number): readonly Trouble[] {
  const troubles: Trouble[] = [];
  for (const kind of KINDS) {
    const instances = 1 + random.below(3);
    for (let index = 0; index < instances; index++) {
      const severity = random.below(3) === 0 ? 'page' : 'note';
      let from = 15_000 + random.below(Math.floor(lengthMs / 2));
      while (from < lengthMs - 60_000) {
        const until = from + 40_000 + random.below(lengthMs / 2);
        const labels = { alertname: kind, instance: `host-${index}`, kind, severity };
        const { fingerprint } = LabelSet.of(Object.entries(labels));
        troubles.push({ kind, instance: labels.instance, severity, from, until, fingerprint });
        from = until + 60_000 + random.below(lengthMs / 2);
      }
    }
  }
  return troubles;
}

export const RULES: string = `groups:
  - name: troubles
    rules:
${KINDS.map(
  (kind) => `      - alert: ${kind}
        expr: trouble{kind="${kind}"}
        annotations:
          summary: "{{ $labels.instance }} has ${kind}"
`,
).join('')}`;

export const DATA_SOURCES = 'datasources: [{name: main, type: prometheus, url: "http://prometheus"}]\n';

/** `POST /api/v1/query` of a Prometheus that knows the troubles. `wallStart` is the wall time of instant 0. */
export function prometheusFor(troubles: readonly Trouble[], wallStart: number) {
  return ({ body }: WebRequest): WebAnswer => {
    const query = new URLSearchParams(body);
    const [, kind] = /kind="([^"]+)"/.exec(query.get('query') ?? '') ?? [];
    const atMs = Number(query.get('time')) * 1000 - wallStart;
    const result = troubles
      .filter((each) => each.kind === kind && each.from <= atMs && atMs < each.until)
      .map((each) => ({
        metric: { __name__: 'trouble', kind: each.kind, instance: each.instance, severity: each.severity },
        value: [atMs / 1000, '1'],
      }));
    return {
      status: 200,
      body: JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }),
    };
  };
}
