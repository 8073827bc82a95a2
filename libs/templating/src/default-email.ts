/** The default HTML mail: one table, styles in line, since mail readers drop style sheets. */

const FONT =
  "font-family:'Helvetica Neue',Helvetica,Arial,sans-serif;font-size:14px;line-height:1.5;color:#333";
const CELL = `${FONT};padding:8px 20px`;
const BUTTON =
  'display:inline-block;padding:8px 16px;border-radius:4px;background:#348eda;color:#ffffff;text-decoration:none;font-weight:bold';

const row = (content: string, style: string = CELL): string =>
  `<tr><td style="${style}">${content}</td></tr>`;

const lines = (of: string): string => `{{ range .${of}.SortedPairs }}{{ .Name }} = {{ .Value }}<br>{{ end }}`;

const ALERT = [
  '<strong>Labels</strong><br>',
  lines('Labels'),
  '{{ if .Annotations }}<strong>Annotations</strong><br>{{ end }}',
  lines('Annotations'),
  '<a href="{{ .GeneratorURL }}" style="color:#348eda">Source</a><br>',
].join('\n');

const section = (which: 'Firing' | 'Resolved'): string =>
  [
    `{{ if .Alerts.${which} }}`,
    row(`<strong>[{{ len .Alerts.${which} }}] ${which}</strong>`),
    `{{ range .Alerts.${which} }}`,
    row(ALERT),
    '{{ end }}{{ end }}',
  ].join('\n');

const HEADER = [
  '{{ len .Alerts }} alert{{ if gt (len .Alerts) 1 }}s{{ end }} for',
  '{{ range .GroupLabels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}',
].join(' ');

const headerRow = (colour: string): string =>
  `<tr><td style="${FONT};padding:20px;text-align:center;font-size:16px;color:#ffffff;background-color:${colour}">`;

export const EMAIL_HTML: string = [
  '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">',
  '<html xmlns="http://www.w3.org/1999/xhtml">',
  '<head>',
  '<meta name="viewport" content="width=device-width">',
  '<meta http-equiv="Content-Type" content="text/html; charset=UTF-8">',
  '<title>{{ template "__subject" . }}</title>',
  '</head>',
  '<body style="margin:0;background-color:#f6f6f6">',
  '<table width="100%" cellpadding="0" cellspacing="0" style="max-width:600px;margin:0 auto;background-color:#ffffff">',
  `{{ if .Alerts.Firing }}${headerRow('#E6522C')}{{ else }}${headerRow('#68B90F')}{{ end }}`,
  `${HEADER}</td></tr>`,
  row(
    `<a href="{{ template "__alertmanagerURL" . }}" style="${BUTTON}">View in {{ template "__alertmanager" . }}</a>`,
  ),
  section('Firing'),
  `{{ if and .Alerts.Firing .Alerts.Resolved }}${row('<hr>')}{{ end }}`,
  section('Resolved'),
  row(
    '<a href="{{ .ExternalURL }}" style="color:#999999">Sent by {{ template "__alertmanager" . }}</a>',
    `${FONT};padding:20px;text-align:center;font-size:12px;color:#999999`,
  ),
  '</table>',
  '</body>',
  '</html>',
].join('\n');
