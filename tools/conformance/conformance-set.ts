/** One folder or file of the conformance data, run against our code. */
export interface ConformanceSet {
  readonly area: 'alertmanager' | 'gossip' | 'receivers' | 'scheduler';
  /** As in the data folder: `matchers`, `prometheus-state-machine` … */
  readonly name: string;
  /** Data that this set reads, as `area/file-or-folder`, without suffix or with a `*` at the end. Default: `area/name`. */
  readonly covers?: readonly string[];
  /** `dir`: the root of the conformance data. */
  run(dir: string): Promise<Verdict> | Verdict;
}

export interface Verdict {
  readonly passed: number;
  readonly failed: readonly CaseNote[];
  /** Listed, never hidden: cases of a feature that no code covers yet. */
  readonly notCovered: readonly CaseNote[];
}

export interface CaseNote {
  readonly case: string;
  readonly why: string;
}
