/**
 * @module alertmanager-service/testing/bench
 *
 * One alertmanager on virtual time, with a store that outlives it and a receivers replica that
 * writes down what it was told. Restart and kill are what a supervisor would do.
 */
import { disabledCluster, type ClusterPort } from '@tocsin/cluster';
import { VirtualThread, VirtualWorld } from '@tocsin/cluster/testing';
import {
  decodeUtf8,
  encodeUtf8,
  noTracer,
  type HttpRequest,
  type HttpResponse,
  type ReadDocument,
  type WallMs,
} from '@tocsin/kernel';
import { captureLogger, captureMeter, type CaptureLogger, type CaptureMeter } from '@tocsin/kernel/testing';
import {
  eventMatches,
  formatMillis,
  instantOf,
  type Decision,
  type DecisionEvent,
  type EventAnswer,
  type EventFilter,
} from '@tocsin/model';
import { startAlertmanager, type Alertmanager } from '../alertmanager.ts';
import type { AlertmanagerParts } from '../parts.ts';
import type { RecorderMeans } from '../recorder/event-recorder.ts';
import type { AlertmanagerSettings } from '../settings.ts';
import { readJsonDocument } from './json-document.ts';
import { MemoryStore } from './memory-store.ts';
import { RecordingReceivers } from './recording-receivers.ts';

export const SECOND = 1_000;
export const MINUTE: number = 60 * SECOND;
export const HOUR: number = 60 * MINUTE;

export interface BenchOptions {
  /** One turn of `setImmediate`. */
  readonly turn: () => Promise<void>;
  /** A value, or text for `readDocument`. */
  readonly configuration: object | string;
  /** JSON unless given. */
  readonly readDocument?: ReadDocument;
  readonly wallStart?: WallMs;
  readonly settings?: Partial<AlertmanagerSettings>;
  readonly cluster?: () => ClusterPort;
  /** The event recorder is on. */
  readonly recorder?: RecorderMeans;
  /** Nothing is a mistake unless given. */
  readonly settingsMistake?: AlertmanagerParts['settingsMistake'];
  /** Receivers replicas; 1 unless given. */
  readonly replicas?: number;
}

export interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly startsAt?: string;
  readonly endsAt?: string;
}

/** A notification as a person would describe it. */
export interface Told {
  /** Milliseconds since the bench was made. */
  readonly at: number;
  readonly reason: string;
  /** Values of the label `instance`, else of `alertname`. */
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
}

const defaults: AlertmanagerSettings = {
  replica: 'bench',
  retentionMs: 120 * HOUR,
  maintenanceIntervalMs: 15 * MINUTE,
  alertsGcIntervalMs: 30 * MINUTE,
  dispatchStartDelayMs: 0,
  peerTimeoutMs: 15 * SECOND,
  silencesMax: 0,
  silenceBytesMax: 0,
  isLoggingSilences: false,
  externalUrl: 'http://alertmanager.test',
  configurationFolder: '',
  matcherMode: 'fallback',
  version: { version: '', revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' },
};

export class Bench {
  readonly world: VirtualWorld;
  readonly store: MemoryStore = new MemoryStore();
  readonly events: DecisionEvent[] = [];
  readonly receivers: readonly RecordingReceivers[];
  readonly logger: CaptureLogger = captureLogger();
  readonly meter: CaptureMeter = captureMeter();
  configuration: object | string;
  readonly #options: BenchOptions;
  readonly #settings: AlertmanagerSettings;
  #thread: VirtualThread;
  #alertmanager: Alertmanager | undefined;

  constructor(options: BenchOptions) {
    this.#options = options;
    this.configuration = options.configuration;
    this.#settings = { ...defaults, ...options.settings };
    this.world = new VirtualWorld({
      seed: 1,
      turn: options.turn,
      ...(options.wallStart === undefined ? {} : { wallStart: options.wallStart }),
    });
    this.receivers = Array.from(
      { length: options.replicas ?? 1 },
      (_, index) => new RecordingReceivers(this.world.clock, `receivers-${index}`),
    );
    this.#thread = new VirtualThread(this.world, 'alertmanager');
  }

  get alertmanager(): Alertmanager {
    if (this.#alertmanager === undefined) throw new Error('the alertmanager was not started');
    return this.#alertmanager;
  }

  get only(): RecordingReceivers {
    const [first] = this.receivers;
    if (first === undefined) throw new Error('there is no receivers replica');
    return first;
  }

  /** Everything every replica was told, oldest first. */
  get told(): readonly Told[] {
    return this.receivers
      .flatMap((replica) => replica.heard)
      .toSorted((left, right) => left.at - right.at)
      .map(({ at, request }) => {
        const names = (isResolved: boolean): string[] =>
          request.alerts
            .filter((alert) => (alert.endsAt !== undefined) === isResolved)
            .map(({ labels }) => labels.find(({ name }) => name === 'instance') ?? labels[0])
            .map((label) => label?.value ?? '');
        return { at, reason: request.reason, firing: names(false), resolved: names(true) };
      });
  }

  decisions<T extends Decision['type']>(type: T): Extract<Decision, { type: T }>[] {
    return this.events
      .map((event) => event.decision)
      .filter((decision): decision is Extract<Decision, { type: T }> => decision.type === type);
  }

  async start(): Promise<void> {
    this.#alertmanager = await this.settled(startAlertmanager(this.#parts()));
  }

  /** Graceful, then a new process over the same store, `downMs` later. */
  async restart(downMs: number): Promise<void> {
    await this.settled(this.alertmanager.stop());
    this.#thread.kill();
    await this.#again(downMs);
  }

  /** kill -9, then a new process over the same store. */
  async crash(downMs: number): Promise<void> {
    this.#thread.kill();
    await this.#again(downMs);
  }

  run(ms: number): Promise<void> {
    return this.world.run(ms);
  }

  /** Lets time pass until the promise settles. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    promise.then(settle, settle);
    await this.world.runUntil(() => isSettled, HOUR);
    if (!isSettled) throw new Error('nothing happened for an hour');
    return promise;
  }

  async post(...alerts: readonly PostedAlert[]): Promise<void> {
    const answer = await this.request('POST', '/api/v2/alerts', alerts);
    if (answer.status !== 200) throw new Error(`alerts were refused: ${JSON.stringify(answer.body)}`);
  }

  request(method: string, target: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    return this.settled(this.#request(method, target, body));
  }

  time(fromNowMs = 0): string {
    return formatMillis(instantOf(this.world.clock.wall() + fromNowMs));
  }

  async #request(method: string, target: string, body: unknown): Promise<{ status: number; body: unknown }> {
    const [path = '', search = ''] = target.split('?');
    const query = search === '' ? [] : search.split('&').map((pair) => pairOf(pair));
    const request: HttpRequest = {
      method,
      path,
      query,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? new Uint8Array() : encodeUtf8(JSON.stringify(body)),
    };
    const response = await this.alertmanager.http(request);
    const text = await textOf(response);
    return { status: response.status, body: jsonOrText(text) };
  }

  async #again(downMs: number): Promise<void> {
    await this.run(downMs);
    this.#thread = new VirtualThread(this.world, `alertmanager at ${this.world.now}`);
    await this.start();
  }

  #parts(): AlertmanagerParts {
    const thread = this.#thread;
    return {
      clock: thread.clock,
      timers: thread.timers,
      random: thread.random,
      logger: this.logger,
      meter: this.meter,
      tracer: noTracer,
      settings: this.#settings,
      store: this.store,
      ...(this.#options.recorder === undefined ? {} : { recorder: this.#options.recorder }),
      cluster: this.#options.cluster?.() ?? disabledCluster(),
      receivers: this.receivers.map(({ link }) => link),
      events: {
        emit: (event) => void this.events.push(event),
        query: (filter) => queryOf(this.events, filter),
      },
      readTemplates: () => Promise.resolve([]),
      settingsMistake: this.#options.settingsMistake ?? ((): undefined => undefined),
      readConfiguration: () =>
        Promise.resolve(
          typeof this.configuration === 'string' ? this.configuration : JSON.stringify(this.configuration),
        ),
      readDocument: this.#options.readDocument ?? readJsonDocument,
    };
  }
}

/** As the log of production answers, but that everything is kept. */
function queryOf(all: readonly DecisionEvent[], filter: EventFilter): EventAnswer {
  const { afterId = '', limit = all.length } = filter;
  const at = afterId === '' ? -1 : all.findLastIndex(({ id }) => id === afterId);
  const isTail = afterId !== '';
  const wanted = all.slice(isTail ? at + 1 : 0).filter((event) => eventMatches(event, filter));
  const events = isTail ? wanted.slice(0, limit) : wanted.slice(-limit);
  const lastId = (wanted.length > limit ? events : all).at(-1)?.id ?? '';
  const isGap = isTail && at < 0;
  return {
    events,
    lastId: isTail ? lastId : (all.at(-1)?.id ?? ''),
    isGap,
    ...(all[0] === undefined ? {} : { oldestAt: all[0].at }),
  };
}

function pairOf(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  return [decodeURIComponent(text.slice(0, at)), decodeURIComponent(text.slice(at + 1))];
}

export async function textOf({ body }: HttpResponse): Promise<string> {
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return decodeUtf8(body);
  let text = '';
  for await (const slice of body) text += slice;
  return text;
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
