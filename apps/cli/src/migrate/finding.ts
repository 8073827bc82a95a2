/** What `tocsin migrate check` has to say of one place in a file. */
export type FindingKind =
  'taken' | 'default' | 'needless' | 'differs' | 'unsupported' | 'blocking' | 'mistake';

export interface Finding {
  readonly kind: FindingKind;
  readonly file: string;
  /** 0: of the whole file. */
  readonly line: number;
  /** Key or path in the file, '' for none. */
  readonly key: string;
  readonly message: string;
}

/** Tocsin must not be started, or can't, before these are mended. */
export const isBlocking = ({ kind }: Finding): boolean => kind === 'blocking' || kind === 'mistake';

export const LABELS: Readonly<Record<FindingKind, string>> = {
  taken: 'taken over',
  default: 'default',
  needless: 'needless',
  differs: 'differs',
  unsupported: 'not supported',
  blocking: 'NOT SUPPORTED',
  mistake: 'MISTAKE',
};
