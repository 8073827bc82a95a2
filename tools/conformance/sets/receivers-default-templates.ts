/** Every default template of Alertmanager, rendered with real data. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_TEMPLATE_SET, notificationValue } from '@tocsin/templating';
import type { CaseNote, ConformanceSet, Verdict } from '../conformance-set.ts';
import { NOW, readNotification, type RawNotification } from '../template-data.ts';

interface File {
  readonly datasets: Readonly<Record<string, RawNotification>>;
  readonly cases: readonly {
    readonly id: string;
    readonly name: string;
    readonly type: 'text' | 'html';
    readonly template: string;
    readonly data: string;
    readonly output: string;
  }[];
}

const decode = (html: string): string =>
  html
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

/** What a reader of the mail sees: the mark-up around it is our own. */
function visible(html: string): string {
  const body = html.replaceAll(/<(style|head)[^>]*>[\s\S]*?<\/\1>/g, '').replaceAll(/<[^>]+>/g, ' ');
  return JSON.stringify({
    title: /<title>([\s\S]*?)<\/title>/.exec(html)?.[1]?.trim(),
    text: decode(body).replaceAll(/\s+/g, ' ').trim(),
    links: [...html.matchAll(/href="([^"]*)"/g)].map((link) => decode(link[1] ?? '')),
    colours: [...new Set([...html.matchAll(/#E6522C|#68B90F/gi)].map((colour) => colour[0]))],
    rules: html.split('<hr').length - 1,
  });
}

export const set: ConformanceSet = {
  area: 'receivers',
  name: 'default-templates',
  run(dir: string): Verdict {
    const { datasets, cases } = JSON.parse(
      readFileSync(join(dir, 'receivers/default-templates.json'), 'utf8'),
    ) as File;
    const failed: CaseNote[] = [];
    const notCovered: CaseNote[] = [];
    for (const { id, name, type, template, data, output } of cases) {
      const raw = datasets[data];
      if (type === 'html') notCovered.push({ case: id, why: 'contextual HTML escaping is not built yet' });
      else if (raw === undefined) failed.push({ case: id, why: `no data set ${data}` });
      else {
        const value = notificationValue(readNotification(raw));
        const text = DEFAULT_TEMPLATE_SET.compile('', template).execute(value, { now: NOW });
        const [got, want] = name === 'email.default.html' ? [text, output].map(visible) : [text, output];
        if (got !== want)
          failed.push({ case: id, why: `got ${JSON.stringify(got)}, want ${JSON.stringify(want)}` });
      }
    }
    return { passed: cases.length - failed.length - notCovered.length, failed, notCovered };
  },
};
