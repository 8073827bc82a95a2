/** `tocsin cluster show`, as amtool has it, and `cluster members`, our own view with positions. */
import { AppError, compareUtf8 } from '@tocsin/kernel';
import { outputOf, printJson, type Command } from '../command.ts';
import { printable, table } from '../output/table.ts';

interface ShownCluster {
  readonly status: string;
  readonly name?: string;
  readonly peers?: readonly { readonly name: string; readonly address: string }[];
}

export const clusterShow: Command = {
  words: '',
  summary: 'state and peers of the cluster as one replica sees them',
  flags: {},
  run: async (args, deps) => {
    const { cluster } = (await deps.client(args.text('url')).get('status')) as {
      readonly cluster?: ShownCluster;
    };
    if (cluster === undefined) throw new AppError('unavailable', 'the server says nothing of its cluster');
    const kind = outputOf(args);
    if (kind === 'json') return printJson(deps, cluster);
    deps.print(`Cluster Status:  ${printable(cluster.status)}`);
    deps.print(`Node Name:       ${printable(cluster.name ?? '')}`);
    if (kind === 'simple') return;
    const peers = (cluster.peers ?? []).toSorted((a, b) => compareUtf8(a.address, b.address));
    deps.print('');
    // The head's last column is not padded: so amtool prints it.
    const [, ...rows] = table([['Address', 'Name'], ...peers.map(({ address, name }) => [address, name])]);
    const width = Math.max('Address'.length, ...peers.map(({ address }) => [...address].length));
    for (const line of [`${'Address'.padEnd(width)}  Name`, ...rows]) deps.print(line);
  },
};

interface ShownMembers {
  readonly status: string;
  readonly position: number;
  readonly members: readonly {
    readonly name: string;
    readonly address: string;
    readonly isSelf: boolean;
    readonly isTocsin: boolean;
    readonly isAbsent: boolean;
  }[];
}

export const clusterMembers: Command = {
  words: '',
  summary: 'members in the order of their turns, and which of them are Tocsin',
  flags: {},
  run: async (args, deps) => {
    const view = (await deps.client(args.text('url')).get('tocsin/cluster')) as ShownMembers;
    if (outputOf(args) === 'json') return printJson(deps, view);
    deps.print(`${view.status}, position ${view.position} of ${view.members.length}`);
    for (const [position, member] of view.members.entries()) {
      const kind = member.isSelf
        ? 'this replica'
        : member.isTocsin
          ? member.isAbsent
            ? 'absent'
            : 'tocsin'
          : 'foreign';
      deps.print(printable(`${String(position).padStart(3)}  ${member.name}  ${member.address}  ${kind}`));
    }
  },
};
