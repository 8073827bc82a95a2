export {
  parseTemplate,
  Template,
  TemplateSet,
  type ExecuteOptions,
  type FunctionTable,
  type TemplateOptions,
} from './template.ts';
export {
  checkRuleTemplate,
  expandRuleTemplate,
  RULE_TEMPLATE_LIMITS,
  RuleTemplate,
  type Expansion,
  type KnownQueries,
  type QueryingExpansion,
  type RuleTemplateData,
  type RuleTemplateOptions,
} from './rule-template.ts';
export {
  hostFunctions,
  PROMETHEUS_FUNCTIONS,
  type RuleHost,
  type TemplateSample,
} from './prometheus-functions.ts';
export { DEFAULT_LIMITS, type TemplateLimits } from './limits.ts';
export * from './values.ts';
export { GoTime, timeOf, timeOfMs, TIME, ZERO_TIME } from './go-time.ts';
export { DURATION, duration } from './go-duration.ts';
export { ALERTMANAGER_FUNCTIONS } from './alertmanager-functions.ts';
export {
  KV,
  kvOf,
  notificationValue,
  quoteReceiver,
  type NotificationAlert,
  type NotificationData,
} from './notification-data.ts';
export { routeLabelFunctions } from './route-labels.ts';
export { DEFAULT_TEMPLATES, DEFAULT_TEMPLATE_SET } from './default-templates.ts';
