import type { Configuration, JsonValue } from '@tocsin/alerting';
import { LabelSet } from '@tocsin/model';
import { describe, expect, it } from 'vitest';
import { integrationMistakes, settingsOf, withTemplates } from './integration-settings.ts';

const configurationOf = (...settings: readonly JsonValue[]): Configuration => ({
  resolveTimeoutMs: 300_000,
  route: {
    id: '{}',
    key: '{}',
    receiver: 'r',
    matchers: [],
    continue: false,
    groupBy: 'all',
    groupWaitMs: 0,
    groupIntervalMs: 1,
    repeatIntervalMs: 1,
    muteTimeIntervals: [],
    activeTimeIntervals: [],
    routes: [],
  },
  receivers: [
    {
      name: 'r',
      labels: LabelSet.empty,
      integrations: settings.map((each, index) => ({
        integration: 'webhook',
        index,
        sendResolved: true,
        settings: each,
      })),
    },
  ],
  inhibitRules: [],
  timeIntervals: [],
  templates: [],
  rendered: '',
  hash: 0,
  warnings: [],
});

describe('settings of an integration', () => {
  it('have one hash whatever the order of their keys, and another when a value differs', () => {
    const hashOf = (settings: JsonValue): string =>
      settingsOf({ integration: 'webhook', index: 0, sendResolved: true, settings }).hash;
    expect(hashOf({ a: 1, b: { d: 1, c: [2] } })).toBe(hashOf({ b: { c: [2], d: 1 }, a: 1 }));
    expect(hashOf({ a: 1 })).not.toBe(hashOf({ a: 2 }));
  });

  it('carry the templates only where something is rendered', () => {
    const templates = [{ name: 't.tmpl', text: '{{ define "x" }}y{{ end }}' }];
    const [plain, rendering] =
      withTemplates(configurationOf({ url: 'http://h/' }, { url: 'http://h/{{ template "x" }}' }), templates)
        .receivers[0]?.integrations ?? [];
    expect(plain?.settings).toEqual({ url: 'http://h/' });
    expect(rendering?.settings).toEqual({ url: 'http://h/{{ template "x" }}', templates });
  });

  it('that every notification would fail with are found when they are loaded, all of them by place', () => {
    const refuse = (_integration: string, json: string): string | undefined =>
      json.includes('bad') ? 'url: not good' : undefined;
    const mistakes = integrationMistakes(
      configurationOf({ url: 'bad1' }, { url: 'ok' }, { url: 'bad2' }),
      refuse,
    );
    expect(
      mistakes.map(({ receiverIndex, integration, message }) => [receiverIndex, integration.index, message]),
    ).toEqual([
      [0, 0, 'receiver "r": webhook_configs[0]: url: not good'],
      [0, 2, 'receiver "r": webhook_configs[2]: url: not good'],
    ]);
    expect(integrationMistakes(configurationOf({ url: 'ok' }), refuse)).toEqual([]);
  });
});
