export * from './settings.ts';
export * from './scheduler.ts';
export * from './metrics.ts';
export { parseRulesFlag, decodeDataSources } from './data-source.ts';
export type { DataSourceConfig, Query, QueryOptions, QueryResult, RulesFlag } from './data-source.ts';
export { loadRuleSet } from './rule-set.ts';
export type {
  ConfigurationFiles,
  ConfigurationSource,
  LoadedGroup,
  LoadedSource,
  RuleFileText,
  RuleSet,
  RuleSetDeps,
} from './rule-set.ts';
export type { AlertmanagerDirectory } from './delivery.ts';
export { queryLimits } from './prometheus-source.ts';
export type { DataSourceDeps, QueryLimits } from './prometheus-source.ts';
export { senderLimits } from './alertmanager-sender.ts';
export type { SenderLimits } from './alertmanager-sender.ts';
