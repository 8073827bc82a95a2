/** Checks a value against the part of JSON Schema that the OpenAPI document uses. A keyword that is not known here is a mistake, not a pass. */
type Json = Readonly<Record<string, unknown>>;

const KNOWN: ReadonlySet<string> = new Set([
  '$ref',
  'anyOf',
  'type',
  'description',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'minItems',
  'format',
  'enum',
  'pattern',
  'default',
  'minimum',
  'maximum',
]);
const FORMATS: ReadonlyMap<string, RegExp> = new Map([
  ['date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/],
  ['uri', /^([A-Za-z][A-Za-z0-9+.-]*:|\/)\S*$/],
  ['uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
]);

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is wrong, each with its place; nothing when the value fits. `components` are what `$ref` names. */
export function schemaMistakes(schema: Json, value: unknown, components: Json, at = '$'): readonly string[] {
  const unknown = Object.keys(schema).filter((key) => !KNOWN.has(key));
  if (unknown.length > 0) return [`${at}: the schema uses ${unknown.join(', ')}`];
  if (typeof schema['$ref'] === 'string') {
    const target = components[schema['$ref'].replace('#/components/schemas/', '')];
    return isObject(target)
      ? schemaMistakes(target, value, components, at)
      : [`${at}: ${schema['$ref']} leads nowhere`];
  }
  if (Array.isArray(schema['anyOf'])) {
    const each = schema['anyOf'].map((one) => schemaMistakes(one as Json, value, components, at));
    return each.some((mistakes) => mistakes.length === 0) ? [] : each.flat();
  }
  switch (schema['type']) {
    case 'object':
      return isObject(value) ? objectMistakes(schema, value, components, at) : [`${at}: expected an object`];
    case 'array':
      return Array.isArray(value) ? arrayMistakes(schema, value, components, at) : [`${at}: expected a list`];
    case 'string':
      return typeof value === 'string' ? stringMistakes(schema, value, at) : [`${at}: expected a string`];
    case 'integer':
      return Number.isInteger(value)
        ? numberMistakes(schema, value as number, at)
        : [`${at}: expected a whole number`];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${at}: expected true or false`];
    default:
      return [`${at}: the schema has no type`];
  }
}

function objectMistakes(schema: Json, value: Json, components: Json, at: string): readonly string[] {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? (schema['required'] as string[]) : [];
  const rest = schema['additionalProperties'];
  return [
    ...required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${at}.${name}: missing`),
    ...Object.entries(value).flatMap(([name, each]) => {
      const own = Object.hasOwn(properties, name) ? properties[name] : rest;
      return isObject(own) ? schemaMistakes(own, each, components, `${at}.${name}`) : [];
    }),
  ];
}

function arrayMistakes(
  schema: Json,
  value: readonly unknown[],
  components: Json,
  at: string,
): readonly string[] {
  const { items, minItems = 0 } = schema;
  return [
    ...(value.length < Number(minItems) ? [`${at}: fewer than ${String(minItems)} items`] : []),
    ...(isObject(items)
      ? value.flatMap((each, index) => schemaMistakes(items, each, components, `${at}[${index}]`))
      : [`${at}: the schema has no items`]),
  ];
}

function stringMistakes(
  { enum: words, pattern, format }: Json,
  value: string,
  at: string,
): readonly string[] {
  const rule = typeof format === 'string' ? FORMATS.get(format) : undefined;
  const isGood =
    (!Array.isArray(words) || words.includes(value)) &&
    (typeof pattern !== 'string' || new RegExp(pattern).test(value)) &&
    (rule === undefined || rule.test(value));
  return isGood ? [] : [`${at}: ${JSON.stringify(value)} does not fit`];
}

function numberMistakes({ minimum, maximum }: Json, value: number, at: string): readonly string[] {
  const isGood =
    (typeof minimum !== 'number' || value >= minimum) && (typeof maximum !== 'number' || value <= maximum);
  return isGood ? [] : [`${at}: ${value} is out of bounds`];
}
