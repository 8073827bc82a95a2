/** `tocsin config show`: the configuration that a server runs. */
import { AppError } from '@tocsin/kernel';
import { outputOf, printJson, type Command } from '../command.ts';

interface ShownStatus {
  readonly config: { readonly original: string };
  readonly uptime: string;
  readonly versionInfo: Readonly<Record<string, string>>;
}

export const configShow: Command = {
  words: '',
  summary: 'the configuration that the server runs, secrets masked',
  flags: {},
  run: async (args, deps) => {
    const status = (await deps.client(args.text('url')).get('status')) as Partial<ShownStatus>;
    const kind = outputOf(args);
    if (kind === 'json') return printJson(deps, status);
    if (status.config === undefined) throw new AppError('unavailable', 'the server shows no configuration');
    deps.print(status.config.original);
    if (kind === 'simple') return;
    for (const [name, value] of Object.entries(status.versionInfo ?? {})) deps.print(`${name} ${value}`);
    deps.print(`uptime ${status.uptime ?? ''}`);
  },
};
