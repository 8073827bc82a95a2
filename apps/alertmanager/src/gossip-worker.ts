import { workerData } from 'node:worker_threads';
import { nodeTimers, systemRandom } from '@tocsin/runtime';
import { runGossipThread, type GossipThreadData } from '@tocsin/transport';

await runGossipThread(workerData as GossipThreadData, {
  timers: nodeTimers(),
  random: systemRandom(),
  // process.exit would end this thread only.
  onMainDead: () => process.kill(process.pid, 'SIGKILL'),
});
