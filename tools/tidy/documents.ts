/** What documents promise: links that lead somewhere, no traces of one machine, every dependency with its reason. */
import { dirname, join, normalize } from 'node:path';
import type { Finding, House, SourceFile } from './house.ts';

/** Relative links and anchors of Markdown files. */
export function linkFindings(house: House): readonly Finding[] {
  const paths = new Set(house.files.map(({ path }) => path));
  const folders = new Set([...paths].flatMap(foldersOf));
  const documents = new Map(
    house.files.filter(({ path }) => path.endsWith('.md')).map((file) => [file.path, file]),
  );
  return [...documents.values()].flatMap((file) =>
    linksOf(file).flatMap(({ target, line }): Finding[] => {
      const [path = '', anchor] = target.split('#');
      const where = `${file.path}:${line}`;
      const resolved =
        path === '' ? file.path : normalize(join(dirname(file.path), decodeURI(path))).replace(/\/$/, '');
      if (resolved.startsWith('..')) return [{ where, what: `${target} leads out of the repository` }];
      if (resolved !== '.' && !paths.has(resolved) && !folders.has(resolved))
        return [{ where, what: `${target} leads nowhere` }];
      const document = documents.get(resolved);
      const isMissing =
        anchor !== undefined && anchor !== '' && document !== undefined && !anchorsOf(document).has(anchor);
      return isMissing ? [{ where, what: `${target}: no heading makes #${anchor}` }] : [];
    }),
  );
}

const foldersOf = (path: string): readonly string[] => {
  const parts = path.split('/');
  return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join('/'));
};

const withoutCode = (text: string): string =>
  text.replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, (code) => code.replaceAll(/[^\n]/g, ' '));

function linksOf({ text }: SourceFile): readonly { readonly target: string; readonly line: number }[] {
  return withoutCode(text)
    .split('\n')
    .flatMap((line, index) =>
      [...line.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|^\[[^\]]+\]:\s+(\S+)/g)].map((match) => ({
        target: match[1] ?? match[2] ?? '',
        line: index + 1,
      })),
    )
    .filter(({ target }) => !/^[a-z][a-z0-9+.-]*:/i.test(target));
}

/** As the usual viewers make them from headings. */
function anchorsOf({ text }: SourceFile): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading = ''] of text.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    anchors.add(times === 0 ? slug : `${slug}-${times}`);
  }
  return anchors;
}

/** Written apart, so that this file is not its own first finding. */
const machinePaths = new RegExp(
  [
    '(?:^|[\\s"\'`(=:])(/(?:',
    ['work', 'root', 'home/[a-z]+', 'Users/[A-Za-z]+'].join('|'),
    ')/[^\\s"\'`)]*)',
  ].join(''),
  'g',
);

/** `hosts`: registry hosts of this machine that must not be written down. */
export function traceFindings(house: House, hosts: readonly string[]): readonly Finding[] {
  return house.files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index): Finding[] => {
      const where = `${path}:${index + 1}`;
      const paths = [...line.matchAll(machinePaths)].map((match) => ({
        where,
        what: `names a path of one machine: ${match[1]}`,
      }));
      return [
        ...paths,
        ...hosts
          .filter((host) => line.includes(host))
          .map(() => ({ where, what: 'names a package registry’s host' })),
      ];
    }),
  );
}

export const dependenciesPage = 'docs/reference/dependencies.md';

/** Every npm package that a package.json names stands on the page, and no other. */
export function dependencyPageFindings(house: House): readonly Finding[] {
  const page = house.files.find(({ path }) => path === dependenciesPage);
  if (page === undefined) return [{ where: dependenciesPage, what: 'is missing' }];
  const listed = new Set([...page.text.matchAll(/^\|\s*`([^`]+)`/gm)].map((match) => match[1] ?? ''));
  const declared = new Map(
    house.files
      .filter(({ path }) => /(?:^|\/)package\.json$/.test(path))
      .flatMap(({ path, text }) => dependenciesOf(text).map((name) => [name, path] as const)),
  );
  return [
    ...[...declared]
      .filter(([name]) => !listed.has(name))
      .map(([name, where]) => ({ where, what: `${name} has no row in ${dependenciesPage}` })),
    ...[...listed]
      .filter((name) => !declared.has(name))
      .map((name) => ({ where: dependenciesPage, what: `${name} is not a dependency any more` })),
  ];
}

function dependenciesOf(manifest: string): readonly string[] {
  const parsed = JSON.parse(manifest) as Partial<
    Record<'dependencies' | 'devDependencies' | 'optionalDependencies', Record<string, string>>
  >;
  return Object.keys({
    ...parsed.dependencies,
    ...parsed.devDependencies,
    ...parsed.optionalDependencies,
  }).filter((name) => !name.startsWith('@tocsin/'));
}
