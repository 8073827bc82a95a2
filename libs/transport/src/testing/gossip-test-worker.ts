/** The gossip thread as an app's worker file runs it, for tests that bundle it. */
import { workerData } from 'node:worker_threads';
import { seededRandom } from '@tocsin/kernel';
import { runGossipThread, type GossipThreadData } from '../gossip/gossip-thread.ts';

const { config } = workerData as GossipThreadData;
await runGossipThread(workerData as GossipThreadData, {
  timers: {
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  },
  random: seededRandom(config.name),
  onMainDead: () => undefined,
});
