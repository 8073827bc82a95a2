/** What this replica is, whom it sees, and with which configuration it runs. */
import type { ClusterView, Member } from '@tocsin/cluster';
import type { WallMs } from '@tocsin/kernel';
import type { ConfigurationStatus } from '../configuration-loader.ts';
import type { VersionInfo } from '../settings.ts';
import { icons } from './icons.ts';
import { markup, userText, type Markup } from './markup.ts';
import { atMs, notice } from './parts-of-pages.ts';
import { counted, formatSpan } from './words.ts';

export interface StatusPage {
  readonly version: VersionInfo;
  readonly startedAt: WallMs;
  readonly isReady: boolean;
  readonly cluster: ClusterView;
  readonly name: string;
  readonly loading: ConfigurationStatus;
  readonly warnings: readonly string[];
  /** YAML with secrets masked. */
  readonly configuration: string;
  readonly held: { readonly alerts: number; readonly groups: number; readonly silences: number };
  readonly now: WallMs;
}

export function statusMain(page: StatusPage): Markup {
  const { version, startedAt, isReady, held, now } = page;
  return markup`<h1>Status</h1>
<dl class="facts">
<div><dt>Up</dt><dd>${formatSpan(now - startedAt)}, since ${atMs(startedAt)}</dd></div>
<div><dt>Notifications</dt><dd>${isReady ? markup`<span class="state good">${icons.good}On</span>` : markup`<span class="state inhibited">${icons.pending}Waiting for the cluster</span>`}</dd></div>
<div><dt>Holds</dt><dd>${counted(held.alerts, 'alert')} in ${counted(held.groups, 'group')}, ${counted(held.silences, 'silence')}</dd></div>
<div><dt>Version</dt><dd>${version.version}${version.revision !== '' && ` (${version.revision})`}, ${version.goVersion}${version.buildDate !== '' && `, built ${version.buildDate}`}</dd></div>
</dl>
<h2>Cluster</h2>
${clusterOf(page)}
<h2 id="configuration">Configuration</h2>
${loadOf(page)}
${page.warnings.length > 0 && notice('warning', markup`<ul>${page.warnings.map((warning) => markup`<li>${warning}</li>`)}</ul>`)}
<pre tabindex="0" role="region" aria-labelledby="configuration"><code>${page.configuration}</code></pre>`;
}

function clusterOf({ cluster, name }: StatusPage): Markup {
  const { status, members, position } = cluster;
  if (status === 'disabled') return markup`<p>Not clustered: this replica is alone.</p>`;
  return markup`<dl class="facts">
<div><dt>State</dt><dd>${status === 'ready' ? markup`<span class="state good">${icons.good}Ready</span>` : markup`<span class="state inhibited">${icons.pending}Settling</span>`}</dd></div>
<div><dt>This replica</dt><dd>${userText(name)}, position ${position} (from 0) of ${members.length}</dd></div>
</dl>
<div class="scroll"><table><caption>${counted(members.length, 'member')}, in the order in which they notify</caption>
<thead><tr><th scope="col">Position</th><th scope="col">Name</th><th scope="col">Address</th><th scope="col">State</th></tr></thead>
<tbody>${members.map(memberRow)}</tbody></table></div>`;
}

const memberRow = (member: Member, index: number): Markup =>
  markup`<tr><td>${index}</td><td>${userText(member.name)}</td><td>${userText(member.address)}</td>
<td>${member.isAbsent ? absent : present(member)}${!member.isTocsin && !member.isSelf && ' other Alertmanager'}</td></tr>`;

const absent = markup`<span class="state inhibited">${icons.warning}Not heard</span>`;
const present = ({ isSelf }: Member): Markup =>
  markup`<span class="state good">${icons.good}${isSelf ? 'This one' : 'Seen'}</span>`;

function loadOf({ loading }: StatusPage): Markup {
  const { lastReload, loadedAt, hash } = loading;
  const running = markup`<p><span class="state good">${icons.good}Loaded</span> ${atMs(loadedAt)}, hash <code>${String(hash)}</code>; secrets are masked.</p>`;
  if (lastReload.isSuccessful) return running;
  const refused = markup`<p>Refused ${atMs(lastReload.at)}; below is the one before, which still runs.</p>
<pre class="mistake">${lastReload.error}</pre>`;
  return markup`${notice('bad', refused)}${running}`;
}
