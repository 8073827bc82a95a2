/** `tocsin preview`: if this alert fires now, who is told, and when. */
import type { Preview } from '@tocsin/alertmanager-service';
import { AppError } from '@tocsin/kernel';
import { parseMatcher } from '@tocsin/model';
import { outputOf, type Command } from '../command.ts';
import { localised, localTime, printable, zoneName, type LocalClock } from '../why/local-time.ts';
import { localClock } from './why.ts';

export const preview: Command = {
  words: 'NAME=VALUE...',
  summary: 'which messages go out, and when, if an alert with these labels fires now',
  flags: {
    'resolves-after': {
      type: 'string',
      doc: 'the alert resolves after this long, like 10m; else it fires on',
    },
    for: { type: 'string', default: '24h', doc: 'how far ahead, up to 30d' },
  },
  run: async (args, deps) => {
    if (args.words.length === 0) throw AppError.invalid('at least one NAME=VALUE is needed');
    for (const word of args.words) {
      const { type } = parseMatcher(word, 'fallback').matcher;
      if (type !== '=') throw AppError.invalid(`${word}: a label is needed, like alertname=DiskFull`);
    }
    const query = [
      ...args.words.map((word) => `labels=${encodeURIComponent(word)}`),
      `for=${encodeURIComponent(args.text('for'))}`,
      ...(args.flags.has('resolves-after')
        ? [`resolvesAfter=${encodeURIComponent(args.text('resolves-after'))}`]
        : []),
    ].join('&');
    const answer = (await deps.client(args.text('url')).get(`tocsin/preview?${query}`)) as Preview;
    if (outputOf(args) === 'json') return deps.print(JSON.stringify(answer));
    for (const line of previewText(answer, localClock(deps))) deps.print(line);
  },
};

export function previewText(answer: Preview, clock: LocalClock): readonly string[] {
  const routes = answer.routes.flatMap(({ routeId, receiver, items, end, reachedAt, isGroupThere }) => [
    `Receiver ${receiver} (route ${routeId}${isGroupThere ? '; joins a group that is there' : ''})`,
    ...(items.length === 0 ? [end === 'limit' ? '  not computed' : '  no message goes out'] : []),
    ...items.map((item) => {
      const what =
        item.kind === 'notification'
          ? `${item.receiver.integration} ${item.isResolved ? 'tells that it resolved' : 'tells'} (${item.reason})`
          : item.kind === 'suppressed'
            ? `not sent: ${item.by}`
            : 'no longer held back';
      return `  ${localTime(clock, Date.parse(item.at))}  ${`T+${spanText(item.afterMs)}`.padEnd(12)}  ${what}`;
    }),
    ...(end === 'limit' ? [`  … more after ${localTime(clock, Date.parse(reachedAt))}`] : []),
  ]);
  const lines = [
    ...routes,
    '',
    `Local time, ${zoneName(clock)}. Taken for granted:`,
    ...answer.assumes.map((sentence) => `  ${sentence}`),
  ];
  return lines.map((line) => printable(localised(clock, line)));
}

function spanText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const text = parts.map(([amount, unit]) => (amount === 0 ? '' : `${amount}${unit}`)).join('');
  return text === '' ? '0s' : text;
}
