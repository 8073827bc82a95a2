/**
 * `routeLabels NAME`: the value of a label of the route, which may be a template of the same data
 * and may name other route labels. Each is rendered once; a circle is an error.
 */
import { AppError } from '@tocsin/kernel';
import type { ExecuteOptions, FunctionTable, TemplateSet } from './template.ts';
import { STRING, textOf, type GoFunction, type Value } from './values.ts';

export function routeLabelFunctions(
  set: TemplateSet,
  labels: Iterable<readonly [name: string, text: string]>,
  data: Value,
  options: ExecuteOptions,
): FunctionTable {
  const texts = new Map(labels);
  const rendered = new Map<string, string>();
  const path: string[] = [];

  const render = (name: string): string => {
    const known = rendered.get(name);
    if (known !== undefined) return known;
    if (path.includes(name)) {
      throw AppError.invalid(`route label cycle detected: ${[...path, name].join(' -> ')}`);
    }
    path.push(name);
    const text = set.compile('', texts.get(name) ?? '').execute(data, { ...options, functions });
    path.pop();
    rendered.set(name, text);
    return text;
  };
  const routeLabels: GoFunction = { params: [STRING], call: ([name]) => render(textOf(name) ?? '') };
  const functions = new Map([['routeLabels', routeLabels]]);
  return functions;
}
