export * from './alertmanager.ts';
export * from './parts.ts';
export * from './settings.ts';
export { alertmanagerMetrics } from './metrics.ts';
export * from './checked-configuration.ts';
