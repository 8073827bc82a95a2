/** `tocsin completion bash`: a script that completes commands and flags, made from the table of commands. */
import { AppError } from '@tocsin/kernel';
import { sharedFlags, type Command, type Commands } from '../command.ts';

/** `commands`: asked when it runs, because the table holds this command too. */
export const completion = (commands: () => Commands): Command => ({
  words: 'bash',
  summary: 'prints a completion script: source <(tocsin completion bash)',
  flags: {},
  run: (args, deps) => {
    if (args.words.join() !== 'bash') throw AppError.invalid('expected the name of a shell; known: bash');
    deps.print(bashScript(commands()));
    return Promise.resolve();
  },
});

function bashScript(commands: Commands): string {
  const nexts = new Map<string, Set<string>>();
  for (const name of Object.keys(commands)) {
    const words = name.split(' ');
    for (const [index, word] of words.entries()) {
      const path = words.slice(0, index).join(' ');
      nexts.set(path, (nexts.get(path) ?? new Set()).add(word));
    }
  }
  const flags = (command: Command | undefined): string =>
    Object.entries({ ...sharedFlags, ...command?.flags })
      .filter(([, spec]) => spec.isHidden !== true)
      .map(([name, spec]) => `--${name}${spec.type === 'boolean' ? '' : '='}`)
      .join(' ');
  const paths = new Set([...nexts.keys(), ...Object.keys(commands)]);
  const cases = [...paths].map(
    (path) =>
      `    '${path}') words='${[...(nexts.get(path) ?? [])].join(' ')}'; flags='${flags(commands[path])}' ;;`,
  );
  return `_tocsin() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path='' words='' flags='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] || path="\${path:+$path }$word"
  done
  case "$path" in
${cases.join('\n')}
  esac
  if [[ $current == -* ]]; then words=$flags; fi
  if [[ -z $words ]]; then COMPREPLY=($(compgen -f -- "$current")); return; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ \${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -F _tocsin tocsin`;
}
