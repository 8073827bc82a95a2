/**
 * The templates that every Alertmanager has: the fields of receivers name them as their defaults,
 * and users override them by name. The texts are ours; what they render is Alertmanager's, byte
 * for byte, except the HTML mail, which shows the same things in its own layout.
 */
import { ALERTMANAGER_FUNCTIONS } from './alertmanager-functions.ts';
import { EMAIL_HTML } from './default-email.ts';
import { TemplateSet } from './template.ts';

const define = (name: string, body: string): string => `{{ define "${name}" }}${body}{{ end }}`;
const call = (name: string, argument = '.'): string => `{{ template "${name}" ${argument} }}`;

const SUBJECT = [
  '[{{ toUpper .Status }}{{ if eq .Status "firing" }}:{{ len .Alerts.Firing }}{{ end }}] ',
  '{{ join " " .GroupLabels.Values }} ',
  '{{ if gt (len .CommonLabels) (len .GroupLabels) }}',
  '({{ join " " (.CommonLabels.Remove .GroupLabels.Names).Values }}){{ end }}',
].join('');

const ALERTMANAGER_URL = '{{ .ExternalURL }}/#/alerts?receiver={{ urlquery .Receiver }}';

const pairLines = (of: string, indent: string): string =>
  `{{ range .${of}.SortedPairs }}${indent}- {{ .Name }} = {{ .Value }}\n{{ end }}`;

const ALERT_LIST = `{{ range . }}Labels:\n${pairLines('Labels', ' ')}Annotations:\n${pairLines('Annotations', ' ')}Source: {{ .GeneratorURL }}\n{{ end }}`;

const ALERT_LIST_MARKDOWN = `{{ range . }}\nLabels:\n${pairLines('Labels', '  ')}\nAnnotations:\n${pairLines('Annotations', '  ')}\nSource: {{ .GeneratorURL }}\n{{ end }}\n`;

type Which = 'Firing' | 'Resolved';

const section = (which: Which, before: string, list: string, after: string): string =>
  `{{ if .Alerts.${which} }}${before}Alerts ${which}:\n${call(list, `.Alerts.${which}`)}${after}{{ end }}`;

const both = (before: string, list: string, after: string): string =>
  `${section('Firing', before, list, after)}\n${section('Resolved', before, list, after)}`;

const ANNOTATIONS = '{{ join " " .CommonAnnotations.Values }}';
const TIGHT = `${ANNOTATIONS}\n${both('', '__text_alert_list', '')}`;
const HEADLESS = `\n${both('\n', '__text_alert_list', '\n')}\n`;
const LOOSE = ANNOTATIONS + HEADLESS;
const MARKDOWN = `\n${both('\n# ', '__text_alert_list_markdown', '\n')}\n`;

const COLOR = '{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}';

// The worst severity of the firing alerts, else of the resolved ones.
const JIRA_PRIORITY = [
  '{{ $priority := "" }}',
  ...(['Firing', 'Resolved'] as const).flatMap((which) => [
    `{{ if not $priority }}{{ range .Alerts.${which} }}`,
    '{{ if eq .Labels.severity "critical" }}{{ $priority = "High" }}',
    '{{ else if and (eq .Labels.severity "warning") (ne $priority "High") }}{{ $priority = "Medium" }}',
    '{{ else if and (eq .Labels.severity "info") (eq $priority "") }}{{ $priority = "Low" }}{{ end }}',
    '{{ end }}{{ end }}',
  ]),
  '{{ $priority }}',
].join('');

const names = (body: string, list: string): readonly (readonly [name: string, body: string])[] =>
  list.split(' ').map((name) => [name, body]);

const FALLBACK = (integration: string): string =>
  `${call(`${integration}.default.title`)} | ${call(`${integration}.default.titlelink`)}`;

const TEMPLATES: readonly (readonly [name: string, body: string])[] = [
  ['__alertmanager', 'Alertmanager'],
  ['__alertmanagerURL', ALERTMANAGER_URL],
  ['__subject', SUBJECT],
  ['__description', ''],
  ['__text_alert_list', ALERT_LIST],
  ['__text_alert_list_markdown', ALERT_LIST_MARKDOWN],
  ...names(
    call('__subject'),
    'slack.default.title pagerduty.default.description opsgenie.default.message victorops.default.entity_display_name pushover.default.title sns.default.subject discord.default.title msteams.default.summary msteams.default.title msteamsv2.default.title jira.default.summary rocketchat.default.title mattermost.default.title email.default.subject',
  ),
  ...names(
    call('__alertmanager'),
    'slack.default.username pagerduty.default.client victorops.default.monitoring_tool rocketchat.default.alias mattermost.default.username',
  ),
  ...names(
    call('__alertmanagerURL'),
    'slack.default.titlelink pagerduty.default.clientURL opsgenie.default.source pushover.default.url rocketchat.default.titlelink mattermost.default.titlelink',
  ),
  ...names(
    '',
    'slack.default.callbackid slack.default.pretext slack.default.iconemoji slack.default.iconurl slack.default.text slack.default.footer wechat.default.to_user wechat.default.to_party wechat.default.to_tag wechat.default.agent_id discord.default.content rocketchat.default.emoji rocketchat.default.iconurl rocketchat.default.text',
  ),
  ...names(COLOR, 'slack.default.color mattermost.default.color'),
  ['slack.default.fallback', FALLBACK('slack')],
  ['mattermost.default.fallback', FALLBACK('mattermost')],
  ['pagerduty.default.instances', call('__text_alert_list')],
  ...names(TIGHT, 'opsgenie.default.description victorops.default.state_message'),
  [
    'wechat.default.message',
    `${call('__subject')}\n${TIGHT}\nAlertmanagerUrl:\n${call('__alertmanagerURL')}`,
  ],
  ...names(HEADLESS, 'telegram.default.message discord.default.message'),
  ...names(LOOSE, 'pushover.default.message sns.default.message webex.default.message'),
  ...names(
    MARKDOWN,
    'msteams.default.text msteamsv2.default.text jira.default.description mattermost.default.text',
  ),
  ['jira.default.priority', JIRA_PRIORITY],
  ['email.default.html', EMAIL_HTML],
];

/** All default templates as one text, to be loaded before the user's files. */
export const DEFAULT_TEMPLATES: string = TEMPLATES.map(([name, body]) => define(name, body)).join('\n');

/** The set a configuration without template files has. */
export const DEFAULT_TEMPLATE_SET: TemplateSet = TemplateSet.of(ALERTMANAGER_FUNCTIONS).add(
  'default.tmpl',
  DEFAULT_TEMPLATES,
);
