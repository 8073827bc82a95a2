import { readYaml } from '@tocsin/runtime';
import { describe, expect, it } from 'vitest';
import { demoPlan, type DemoOptions } from './plan.ts';

const options: DemoOptions = {
  replicas: 3,
  portOffset: 0,
  folder: '/f',
  apps: '/a',
  databaseUrl: 'postgres://u:p@h/d',
  prometheusUrl: '',
  rules: [],
  configFile: '',
};

describe('the plan of the demo', () => {
  it.each([1, 3, 9])('gives %i replicas of each kind ports of their own', (replicas) => {
    const { processes } = demoPlan({ ...options, replicas });
    const ports = processes.flatMap((each) => each.ports.map(({ port }) => port));
    expect(new Set(ports).size).toBe(ports.length);
    expect(processes.map(({ role }) => role).filter((role) => role === 'alertmanager')).toHaveLength(
      replicas,
    );
  });

  it('connects every scheduler to every alertmanager, and every alertmanager to all its peers and receivers', () => {
    const { processes } = demoPlan(options);
    const args = (role: string): (readonly string[])[] =>
      processes.filter((each) => each.role === role).map((each) => each.args);
    const count = (list: readonly string[], flag: string): number =>
      list.filter((arg) => arg.startsWith(`--${flag}=`)).length;
    expect(args('scheduler').map((list) => count(list, 'alertmanager.address'))).toEqual([3, 3, 3]);
    expect(args('alertmanager').map((list) => count(list, 'cluster.peer'))).toEqual([2, 2, 2]);
    expect(args('alertmanager').map((list) => count(list, 'receivers.address'))).toEqual([2, 2, 2]);
  });

  it('writes files that are YAML, and names every rule file it hands out', () => {
    const { files, processes } = demoPlan({
      ...options,
      prometheusUrl: 'http://p:9090',
      rules: ['mine.yml'],
    });
    for (const { text } of files) expect(readYaml(text).kind).toBe('map');
    const scheduler = processes.find(({ role }) => role === 'scheduler')?.args ?? [];
    const named = scheduler.flatMap((arg) => /^--rules=[^=]+=\/f\/(.+)$/.exec(arg)?.[1] ?? []);
    expect(named.length).toBe(4);
    for (const name of named) expect(files.map((file) => file.name)).toContain(name);
    expect(scheduler).toContain('--rules=prometheus=mine.yml');
  });

  it('refuses rules without a source for them', () => {
    expect(() => demoPlan({ ...options, rules: ['mine.yml'] })).toThrow('--rules needs --prometheus');
  });
});
