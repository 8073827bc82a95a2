import { AppError } from '@tocsin/kernel';

/**
 * What one execution may use up. Templates come from users, so work is counted in steps (no clock:
 * the same template with the same data always ends the same way on every replica).
 */
export interface TemplateLimits {
  /** Longest result, and longest text any function may make, in UTF-16 units. */
  readonly maxOutput: number;
  /** One step for each node, call and element; texts count one step for 32 units. */
  readonly maxSteps: number;
  /**
   * Depth of evaluation over all templates: a block counts 1, a `range` 2, a pipeline 3, about as
   * they weigh on the stack. Node's default stack holds 1900.
   */
  readonly maxDepth: number;
}

export const DEFAULT_LIMITS: TemplateLimits = {
  maxOutput: 10 * 1024 * 1024,
  maxSteps: 2_000_000,
  maxDepth: 1000,
};

/** Depth of parentheses and blocks one text may have. */
export const MAX_PARSE_DEPTH: number = 500;
/** Longest template text the parser takes, in UTF-16 units. */
export const MAX_TEMPLATE_TEXT: number = 4 * 1024 * 1024;
/** Deepest value (list in a list) that can be printed or written as JSON. */
export const MAX_VALUE_DEPTH: number = 100;
/** Widest `%123d` field and finest precision; Go stops at a million too. */
export const MAX_FORMAT_WIDTH: number = 1_000_000;

const UNITS_PER_STEP = 32;

/** The account of one execution. */
export class Budget {
  readonly limits: TemplateLimits;
  #stepsLeft: number;

  constructor(limits: TemplateLimits) {
    this.limits = limits;
    this.#stepsLeft = limits.maxSteps;
  }

  spend(steps: number): void {
    this.#stepsLeft -= steps;
    if (this.#stepsLeft < 0) {
      throw new AppError('limit', `template needs more than ${this.limits.maxSteps} steps`);
    }
  }

  /** Books a text of `length` units and refuses one that is longer than the output may be. */
  spendText(length: number): void {
    if (length > this.limits.maxOutput) throw new AppError('limit', 'template output exceeds maximum size');
    this.spend(1 + Math.floor(length / UNITS_PER_STEP));
  }
}
