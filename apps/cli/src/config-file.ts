/**
 * Flags that need not be typed each time: `alertmanager.url: http://…`, one a line, in YAML. Our own
 * files come first, then amtool's, those of the user before those of the machine; the first that has
 * a key wins.
 */
import { AppError, Field, Mistakes } from '@tocsin/kernel';
import { CommandFailure, type CommandDeps } from './command.ts';

export function configFiles(home: string): readonly string[] {
  const folders = ['tocsin/config.yml', 'amtool/config.yml', 'prometheus/amtool.yml'];
  return folders.flatMap((file) => [...(home === '' ? [] : [`${home}/.config/${file}`]), `/etc/${file}`]);
}

/** Keys that were flags of amtool once. */
const LEGACY: ReadonlyMap<string, string> = new Map([['comment_required', 'require-comment']]);

/** By long name of the flag. Keys that no command knows are other versions' and are left alone. */
export async function configuredFlags(
  deps: Pick<CommandDeps, 'files' | 'readDocument' | 'home'>,
): Promise<ReadonlyMap<string, string>> {
  const flags = new Map<string, string>();
  for (const file of configFiles(deps.home)) {
    for (const [key, value] of await readFlags(file, deps)) {
      const name = LEGACY.get(key) ?? key;
      if (!flags.has(name)) flags.set(name, value);
    }
  }
  return flags;
}

async function readFlags(
  file: string,
  { files, readDocument }: Pick<CommandDeps, 'files' | 'readDocument'>,
): Promise<readonly (readonly [string, string])[]> {
  try {
    const text = await files.readText(file);
    const mistakes = new Mistakes();
    const entries = Field.root(readDocument(text), mistakes).entries() ?? [];
    const flags = entries.map(([key, value]) => [key, value.string() ?? ''] as const);
    mistakes.throwIfAny();
    return flags;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    // Somebody else's folder is no reason to fail either.
    if (error.code === 'not-found' || error.code === 'permission') return [];
    throw new CommandFailure(`${file}: ${error.message}`, { cause: error });
  }
}
