/** Writes the reference pages from the tables that the programs themselves use. Run by `npm run gen`. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { sampleIni, settingsReference } from '@tocsin/kernel';
import type { MetricSpec, SettingsTable } from '@tocsin/kernel';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const out = join(root, 'docs/reference');

function folders(name: string): readonly string[] {
  return readdirSync(join(root, name), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

const load = async (path: string): Promise<Readonly<Record<string, unknown>>> =>
  (await import(pathToFileURL(join(root, path)).href)) as Readonly<Record<string, unknown>>;

async function writeSettings(app: string): Promise<void> {
  const source = `apps/${app}/src/settings.ts`;
  if (!existsSync(join(root, source))) return;
  const { settings } = await load(source);
  if (typeof settings !== 'object' || settings === null)
    throw new Error(`${source}: exports no table named settings`);
  const text = { program: app, summary: `What \`--help\` of the ${app} prints, in full.` };
  await writePage(`settings-${app}.md`, source, settingsReference(settings as SettingsTable, text));
  write(
    `sample-${app}.ini`,
    `# Generated from ${source} by npm run gen.\n${sampleIni(settings as SettingsTable, text)}`,
  );
}

interface Declared {
  readonly spec: MetricSpec;
  readonly source: string;
}

async function writeMetrics(): Promise<void> {
  const declared = new Map<string, Declared>();
  for (const source of metricSources()) {
    for (const [name, table] of Object.entries(await load(source))) {
      if (!/[mM]etrics$/.test(name) || typeof table !== 'object' || table === null) continue;
      for (const spec of Object.values(table).filter(isMetric)) declared.set(spec.name, { spec, source });
    }
  }
  const bySource = new Map<string, Declared[]>();
  for (const each of declared.values())
    bySource.set(each.source, [...(bySource.get(each.source) ?? []), each]);
  const lines = [
    '# Metrics',
    '',
    'Beside these every process has the usual `process_*` and `nodejs_*` metrics. Names are public: dashboards and alerts depend on them.',
    '',
  ];
  for (const [source, members] of [...bySource].sort(([left], [right]) => order(left, right))) {
    lines.push(
      `## ${source.split('/')[1]}: ${source.split('/').at(-1)}`,
      '',
      '| Metric | Type | Labels | Meaning |',
      '| --- | --- | --- | --- |',
    );
    for (const { spec } of members.sort((left, right) => order(left.spec.name, right.spec.name))) {
      lines.push(
        `| \`${spec.name}\` | ${spec.type} | ${spec.labels.map((label) => `\`${label}\``).join(', ')} | ${cell(spec.help)} |`,
      );
    }
    lines.push('');
  }
  await writePage('metrics.md', 'the tables named *Metrics of each lib', lines.join('\n'));
}

const order = (left: string, right: string): number => (left < right ? -1 : Number(left > right));
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');

function metricSources(): readonly string[] {
  return [
    ...folders('libs').map((name) => `libs/${name}/src`),
    ...folders('apps').map((name) => `apps/${name}/src`),
  ]
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(
        (name) => `${folder}/${name}`,
      ),
    )
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .filter((path) => /^export const \w*[mM]etrics\b/m.test(readFileSync(join(root, path), 'utf8')))
    .sort();
}

function isMetric(value: unknown): value is MetricSpec {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    'help' in value &&
    'labels' in value &&
    'type' in value
  );
}

async function writeErrors(): Promise<void> {
  const { httpStatusOf } = await import('@tocsin/transport');
  const statuses = new Map(
    [
      ...readFileSync(join(root, 'libs/transport/src/errors.ts'), 'utf8').matchAll(
        /^\s*'?([a-z-]+)'?: \{ grpc: Status\.(\w+)/gm,
      ),
    ].map(([, code = '', status = '']) => [code, status] as const),
  );
  const lines = [
    '# Errors',
    '',
    'Every refused call carries one of these codes. The message names the field, its value and what was expected.',
    '',
  ];
  lines.push('| Code | gRPC | HTTP | Meaning |', '| --- | --- | --- | --- |');
  for (const { code, meaning } of errorCodes()) {
    const grpc = statuses.get(code);
    if (grpc === undefined) throw new Error(`libs/transport/src/errors.ts: no row for ${code}`);
    lines.push(`| \`${code}\` | \`${grpc}\` | ${httpStatusOf(code as never)} | ${cell(meaning)} |`);
  }
  await writePage(
    'errors.md',
    'libs/kernel/src/errors.ts and libs/transport/src/errors.ts',
    `${lines.join('\n')}\n`,
  );
}

/** The members of the union, each with the comment behind it, or a default for those that name themselves. */
function errorCodes(): readonly { readonly code: string; readonly meaning: string }[] {
  const path = join(root, 'libs/kernel/src/errors.ts');
  const tree = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const codes: { code: string; meaning: string }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTypeAliasDeclaration(node) && node.name.text === 'ErrorCode' && ts.isUnionTypeNode(node.type)) {
      for (const member of node.type.types)
        codes.push({ code: member.getText().slice(1, -1), meaning: commentBehind(tree.text, member.end) });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return codes;
}

const plainMeanings: ReadonlyMap<string, string> = new Map([
  ['not-found', 'no such thing'],
  ['conflict', 'it was changed by somebody else meanwhile'],
  ['unauthenticated', 'who calls is not known'],
  ['permission', 'who calls may not do this'],
  ['deadline', 'it took longer than the caller wanted to wait; try again'],
  ['cancelled', 'the caller went away'],
  ['internal', 'a mistake of the program; its log says more'],
]);

function commentBehind(text: string, end: number): string {
  const line = text.slice(end, text.indexOf('\n', end));
  const code = /'([a-z-]+)'$/.exec(text.slice(0, end))?.[1] ?? '';
  return /\/\/\s*(.+)/.exec(line)?.[1] ?? plainMeanings.get(code) ?? '';
}

async function writePage(name: string, source: string, text: string): Promise<void> {
  const path = join(out, name);
  const page = `<!-- Generated from ${source} by npm run gen. Do not edit. -->\n\n${text}`;
  write(name, await format(page, { ...(await resolveConfig(path)), parser: 'markdown' }));
}

function write(name: string, text: string): void {
  const path = join(out, name);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  writeFileSync(path, text);
  console.log(`wrote ${relative(root, path)}`);
}

async function writeCommands(): Promise<void> {
  const source = 'apps/cli/src/reference.ts';
  const { commandReference } = await load(source);
  if (typeof commandReference !== 'function') throw new Error(`${source}: exports no commandReference`);
  await writePage('cli.md', 'apps/cli/src/commands.ts', String(commandReference()));
}

mkdirSync(out, { recursive: true });
for (const app of folders('apps')) await writeSettings(app);
await writeMetrics();
await writeErrors();
await writeCommands();
