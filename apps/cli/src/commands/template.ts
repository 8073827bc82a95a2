/** `tocsin template render`: what a template makes of an alert. */
import { AppError } from '@tocsin/kernel';
import { parseInstant, zeroInstant } from '@tocsin/model';
import {
  DEFAULT_TEMPLATE_SET,
  notificationValue,
  type NotificationAlert,
  type NotificationData,
  type TemplateSet,
} from '@tocsin/templating';
import { CommandFailure, type Command, type CommandDeps } from '../command.ts';
import { exampleData } from '../example-data.ts';

export const templateRender: Command = {
  words: '',
  summary: 'renders a template with given data, or with two alerts that are made up',
  details: ['The default templates of every alertmanager are there too; those of the files go before them.'],
  flags: {
    'template.glob': {
      type: 'string',
      isRequired: true,
      isList: true,
      doc: 'template files; wildcards are expanded here',
    },
    'template.text': {
      type: 'string',
      isRequired: true,
      doc: 'what to render, like {{ template "slack.default.title" . }}',
    },
    'template.type': {
      type: 'string',
      default: 'text',
      values: ['text', 'html'],
      doc: 'html escapes values; not in this version',
    },
    'template.data': {
      type: 'string',
      default: '',
      doc: 'JSON file with the data; the body of a webhook will do',
    },
  },
  run: async (args, deps) => {
    if (args.text('template.type') === 'html') {
      throw new AppError(
        'precondition',
        '--template.type html: this version can not escape for HTML yet; text renders the same without escaping',
      );
    }
    const set = await templateSet(args.all('template.glob'), deps);
    const file = args.text('template.data');
    const data = file === '' ? exampleData(deps.wall()) : readData(await deps.files.readText(file), file);
    try {
      deps.write(
        set.compile('', args.text('template.text')).execute(notificationValue(data), { now: deps.wall() }),
      );
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      throw new CommandFailure(error.message, { cause: error });
    }
  },
};

async function templateSet(globs: readonly string[], deps: CommandDeps): Promise<TemplateSet> {
  let set = DEFAULT_TEMPLATE_SET;
  for (const glob of globs) {
    for (const file of await deps.files.find(glob)) {
      const text = await deps.files.readText(file);
      try {
        set = set.add(file, text);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        throw new CommandFailure(error.message, { cause: error });
      }
    }
  }
  return set;
}

type Fields = ReadonlyMap<string, unknown>;

/** JSON as payloads have it; keys as Go's decoder takes them, in any case, unknown ones left alone. */
function readData(text: string, file: string): NotificationData {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CommandFailure(`${file}: no JSON`, { cause });
  }
  const fields = fieldsOf(value, file);
  const alerts = fields.get('alerts') ?? [];
  if (!Array.isArray(alerts)) throw new CommandFailure(`${file}: alerts: expected a list`);
  return {
    receiver: textOf(fields, 'receiver', file),
    status: textOf(fields, 'status', file),
    alerts: alerts.map((alert: unknown, index) => readAlert(alert, `${file}: alerts[${index}]`)),
    notificationReason: textOf(fields, 'notification_reason', file),
    groupLabels: pairsOf(fields, 'grouplabels', file),
    commonLabels: pairsOf(fields, 'commonlabels', file),
    commonAnnotations: pairsOf(fields, 'commonannotations', file),
    routeLabels: pairsOf(fields, 'routelabels', file),
    externalURL: textOf(fields, 'externalurl', file),
  };
}

function readAlert(value: unknown, place: string): NotificationAlert {
  const fields = fieldsOf(value, place);
  return {
    status: textOf(fields, 'status', place),
    labels: pairsOf(fields, 'labels', place),
    annotations: pairsOf(fields, 'annotations', place),
    startsAt: timeOf(fields, 'startsat', place),
    endsAt: timeOf(fields, 'endsat', place),
    generatorURL: textOf(fields, 'generatorurl', place),
    fingerprint: textOf(fields, 'fingerprint', place),
  };
}

function fieldsOf(value: unknown, place: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CommandFailure(`${place}: expected an object`);
  return new Map(Object.entries(value).map(([key, each]) => [key.toLowerCase(), each as unknown]));
}

function textOf(fields: Fields, key: string, place: string): string {
  const value = fields.get(key) ?? '';
  if (typeof value !== 'string') throw new CommandFailure(`${place}: ${key}: expected a string`);
  return value;
}

function timeOf(fields: Fields, key: string, place: string): NotificationAlert['startsAt'] {
  const text = textOf(fields, key, place);
  const instant = text === '' ? zeroInstant : parseInstant(text);
  if (instant === undefined)
    throw new CommandFailure(`${place}: ${key}: expected a time like 2026-01-31T15:04:05Z`);
  return instant;
}

function pairsOf(fields: Fields, key: string, place: string): readonly (readonly [string, string])[] {
  const value = fields.get(key) ?? {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw new CommandFailure(`${place}: ${key}: expected an object of strings`);
  return Object.entries(value).map(([name, text]: [string, unknown]) => {
    if (typeof text !== 'string') throw new CommandFailure(`${place}: ${key}.${name}: expected a string`);
    return [name, text] as const;
  });
}
