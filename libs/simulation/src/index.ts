export { run, runTwice } from './run.ts';
export type { Nodes, Plan, RunOptions, RunReport, Scenario } from './run.ts';
export { scenarios } from './scenarios/scenarios.ts';
export { timeline } from './timeline.ts';
