import { describe, expect, it } from 'vitest';
import { decodeDataSources, parseRulesFlag } from './data-source.ts';
import { readJson } from './testing/world.ts';

const decode = (datasources: unknown): ReturnType<typeof decodeDataSources> =>
  decodeDataSources(readJson(JSON.stringify({ datasources })));

describe('the file of data sources', () => {
  it('makes the only source the default, and hides the password of its URL from links', () => {
    const { dataSources, mistakes } = decode([
      {
        name: 'main',
        type: 'prometheus',
        url: 'https://me:secret@prom/x/',
        timeout: '5s',
        headers: { 'X-Scope': 'a' },
      },
    ]);
    expect(mistakes).toEqual([]);
    expect(dataSources).toEqual([
      {
        name: 'main',
        type: 'prometheus',
        url: 'https://me:secret@prom/x',
        isDefault: true,
        timeoutMs: 5_000,
        externalUrl: 'https://prom/x',
        headers: [['x-scope', 'a']],
      },
    ]);
  });

  it('names every mistake', () => {
    const { mistakes } = decode([
      { name: 'a b', type: 'loki', url: 'ftp://x', timeout: '5', is_default: 'maybe' },
      {
        name: 'c',
        type: 'prometheus',
        url: 'http://c',
        is_default: true,
        headers: { 'bad header': 'x' },
        user: 'u',
      },
      { name: 'c', type: 'exposition', url: 'http://c', is_default: true },
    ]);
    expect(mistakes.map(({ message, path }) => `${path}: ${message}`).toSorted()).toEqual([
      'datasources[0].is_default: expected true or false, found "maybe"',
      'datasources[0].name: expected a name of letters, digits, _, - and .',
      'datasources[0].timeout: not a valid duration string: "5"',
      'datasources[0].type: expected type prometheus or exposition',
      'datasources[0].url: expected an http or https URL',
      'datasources[1].headers: header "bad header" is not a valid HTTP header',
      'datasources[1]: unknown field "user"; expected one of name, type, url, is_default, timeout, external_url, headers',
      'datasources[2]: data source name "c" is repeated',
      'datasources[2]: only one data source can be the default',
    ]);
  });

  it('has no default when several are listed and none is marked', () => {
    const { dataSources } = decode([
      { name: 'a', type: 'prometheus', url: 'http://a' },
      { name: 'b', type: 'prometheus', url: 'http://b' },
    ]);
    expect(dataSources.map(({ isDefault }) => isDefault)).toEqual([false, false]);
  });
});

describe('parseRulesFlag', () => {
  it.each([
    ['rules/*.yml', '', 'rules/*.yml'],
    ['main=rules/*.yml', 'main', 'rules/*.yml'],
    ['./a=b.yml', '', './a=b.yml'],
    ['main=a=b.yml', 'main', 'a=b.yml'],
    ['=x.yml', '', '=x.yml'],
  ])('reads %s', (text, dataSource, glob) => {
    expect(parseRulesFlag(text)).toEqual({ dataSource, glob });
  });
});
