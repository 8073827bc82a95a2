/** Rules that need several settings at once, and what `--enable-feature` means. */
import type { MetricFeature } from '@tocsin/alertmanager-service';
import type { SettingValues } from '@tocsin/kernel';
import type { settings } from './settings.ts';

type Values = SettingValues<typeof settings>;

const FEATURES: ReadonlySet<string> = new Set([
  'alert-names-in-metrics',
  'receiver-name-in-metrics',
  'group-key-in-metrics',
  'classic-mode',
  'utf8-strict-mode',
  'auto-gomemlimit',
  'event-recorder',
]);
/** Mistakes, one a line. */
export function checkSettings(values: Values): readonly string[] {
  const mistakes: string[] = [];
  for (const feature of values.enableFeature) {
    if (!FEATURES.has(feature)) mistakes.push(`unknown option '${feature}' for --enable-feature`);
  }
  if (values.enableFeature.includes('classic-mode') && values.enableFeature.includes('utf8-strict-mode')) {
    mistakes.push('--enable-feature: classic-mode and utf8-strict-mode exclude each other');
  }
  // What protects must never be dropped in silence.
  if (values.clusterTlsConfig !== '')
    mistakes.push(
      `--cluster.tls-config=${values.clusterTlsConfig}: this version gossips in clear only; leave the flag empty`,
    );
  if (values.webExternalUrl !== '' && !/^https?:\/\/[^/\s]+/.test(values.webExternalUrl)) {
    mistakes.push(
      `--web.external-url=${values.webExternalUrl}: expected a URL like http://host:9093/path (http or https)`,
    );
  }
  return mistakes;
}

const METRIC_FEATURES: readonly MetricFeature[] = [
  'alert-names-in-metrics',
  'receiver-name-in-metrics',
  'group-key-in-metrics',
];
export const metricFeaturesOf = (values: Values): ReadonlySet<MetricFeature> =>
  new Set(METRIC_FEATURES.filter((feature) => values.enableFeature.includes(feature)));

export const matcherModeOf = (values: Values): 'fallback' | 'classic' | 'utf8' =>
  values.enableFeature.includes('classic-mode')
    ? 'classic'
    : values.enableFeature.includes('utf8-strict-mode')
      ? 'utf8'
      : 'fallback';

/** Normalised route prefix: '' or `/path` without a slash at the end. */
export function routePrefixOf(values: Values): string {
  const given = values.webRoutePrefix === '' ? pathOf(values.webExternalUrl) : values.webRoutePrefix;
  const trimmed = given.replace(/^\/+|\/+$/g, '');
  return trimmed === '' ? '' : `/${trimmed}`;
}

const pathOf = (url: string): string => (url === '' ? '' : new URL(url).pathname);
