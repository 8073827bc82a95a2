/** Who may import whom, and what each package declares: the fence that no cache and no plugin can skip. */
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { importsOf, isCode, isTest, mayImport, packageOf, pureLayers } from './house.ts';
import type { Finding, House, Package, SourceFile } from './house.ts';

const builtins: ReadonlySet<string> = new Set(builtinModules);

export function layerFindings(house: House): readonly Finding[] {
  const byName = new Map(house.packages.map((each) => [each.name, each]));
  return sources(house).flatMap(([file, own]) =>
    importsOf(file).flatMap(({ specifier, line }): Finding[] => {
      const what = importSin(house, byName, own, file, specifier);
      return what === undefined ? [] : [{ where: `${file.path}:${line}`, what }];
    }),
  );
}

/** Code of packages; tests may use what they need. */
function sources(house: House): readonly (readonly [SourceFile, Package])[] {
  return house.files.flatMap((file) => {
    const own = packageOf(house, file.path);
    return own === undefined || !isCode(file.path) || isTest(file.path) ? [] : [[file, own] as const];
  });
}

function importSin(
  house: House,
  byName: ReadonlyMap<string, Package>,
  own: Package,
  file: SourceFile,
  specifier: string,
): string | undefined {
  if (specifier.startsWith('.')) {
    const target = join(dirname(file.path), specifier);
    const isInside =
      target.startsWith(`${own.root}/`) || (own.layer === 'test' && packageOf(house, target) === undefined);
    return isInside
      ? undefined
      : `imports ${specifier}, which is outside its package; import the package by name`;
  }
  const name = packageNameOf(specifier);
  const other = byName.get(name);
  if (other !== undefined) {
    if (other === own || mayImport[own.layer].includes(other.layer)) return undefined;
    return `layer ${own.layer} must not import ${other.name} of layer ${other.layer}`;
  }
  if (specifier.startsWith('node:') || builtins.has(specifier)) {
    return pureLayers.has(own.layer)
      ? `layer ${own.layer} must not import ${specifier}; take a seam`
      : undefined;
  }
  const isOwnCheck = own.layer === 'test' || own.dependencies.includes(name);
  return isOwnCheck ? undefined : `imports ${name}, which ${own.root}/package.json does not declare`;
}

export const packageNameOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** An npm package belongs to one lib, which hides it; and what is declared is used. */
export function dependencyFindings(house: House): readonly Finding[] {
  const findings: Finding[] = [];
  const homes = new Map<string, string[]>();
  for (const each of house.packages.filter(({ layer }) => layer !== 'test')) {
    for (const dependency of each.dependencies)
      homes.set(dependency, [...(homes.get(dependency) ?? []), each.root]);
  }
  for (const [dependency, roots] of homes) {
    if (roots.length > 1)
      findings.push({
        where: `${roots[1]}/package.json`,
        what: `${dependency} already belongs to ${roots[0]}; one lib hides it`,
      });
  }
  const used = new Set(
    house.files
      .filter(({ path }) => isCode(path))
      .flatMap((file) =>
        importsOf(file).map(
          ({ specifier }) => `${packageOf(house, file.path)?.root}\n${packageNameOf(specifier)}`,
        ),
      ),
  );
  for (const { root, layer, dependencies } of house.packages) {
    if (layer === 'test') continue;
    for (const dependency of dependencies) {
      // Some are found by name at run time, to read files of theirs.
      const isResolved = house.files.some(
        ({ path, text }) => path.startsWith(`${root}/src/`) && text.includes(`resolve('${dependency}')`),
      );
      if (!isResolved && !used.has(`${root}\n${dependency}`))
        findings.push({ where: `${root}/package.json`, what: `declares ${dependency} and never imports it` });
    }
  }
  return findings;
}
