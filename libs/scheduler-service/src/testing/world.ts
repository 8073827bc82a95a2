/**
 * What the tests of this lib run the scheduler in: virtual time, data sources that answer as told,
 * alertmanagers that take, hang or are away, and a store that survives the scheduler.
 */
import { AppError, encodeUtf8, loopback, bidi, noTracer } from '@tocsin/kernel';
import type {
  Clock,
  DocNode,
  HttpOut,
  HttpResponse,
  Logger,
  LogFacts,
  Meter,
  Random,
  RpcLink,
  RpcStream,
  StateKind,
  StateRow,
  StateStore,
  StreamHandlers,
  Timers,
  WallMs,
} from '@tocsin/kernel';
import { AlertmanagerMethods } from '@tocsin/contracts';
import type { AlertBatch, AlertBatchAck, Rejection, WireAlert } from '@tocsin/contracts';
import type { Decision, DecisionEvent } from '@tocsin/model';
import { startScheduler } from '../scheduler.ts';
import type { Scheduler, SchedulerParts } from '../scheduler.ts';
import { schedulerDefaults } from '../settings.ts';
import type { SchedulerSettings } from '../settings.ts';
import type { ConfigurationFiles, RuleFileText } from '../rule-set.ts';

export const NOON: WallMs = 1_795_341_600_000;

/** Time that passes only when it is told to. */
export class VirtualTime implements Clock, Timers {
  #now = NOON;
  #jump = 0;
  #sequence = 0;
  readonly #timers = new Map<number, { readonly at: number; readonly run: () => void }>();

  wall(): number {
    return this.#now + this.#jump;
  }
  mono(): number {
    return this.#now - NOON;
  }
  /** The wall clock is set. */
  jump(ms: number): void {
    this.#jump += ms;
  }
  after(delayMs: number, run: () => void): () => void {
    const id = this.#sequence++;
    this.#timers.set(id, { at: this.#now + delayMs, run });
    return () => void this.#timers.delete(id);
  }
  get armed(): number {
    return this.#timers.size;
  }

  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      let next: number | undefined;
      for (const [id, { at }] of this.#timers) {
        if (at <= end && (next === undefined || at < (this.#timers.get(next)?.at ?? 0))) next = id;
      }
      const timer = next === undefined ? undefined : this.#timers.get(next);
      if (next === undefined || timer === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, timer.at);
      timer.run();
      await settled();
    }
    this.#now = end;
    await settled();
  }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 150; turn++) await Promise.resolve();
}

export function countingRandom(): Random {
  let count = 0;
  const random: Random = {
    float: () => 0.5,
    below: (limit) => Math.floor(limit / 2),
    bytes: (length) => {
      count++;
      return Uint8Array.from({ length }, (_, index) =>
        index === length - 1 ? count & 0xff : (count >> 8) & 0xff,
      );
    },
    fork: () => random,
  };
  return random;
}

export class RecordedMeter implements Meter {
  readonly #values = new Map<string, number>();
  readonly #collectors: (() => void)[] = [];
  add: Meter['add'] = (spec, value, labels) => {
    const key = seriesOf(spec.name, labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + value);
  };
  set: Meter['set'] = (spec, value, labels) => void this.#values.set(seriesOf(spec.name, labels), value);
  observe: Meter['observe'] = (spec, _, labels) => this.add(spec, 1, labels);
  tally: Meter['tally'] = (spec, _, count, labels) => this.add(spec, count, labels);
  remove: Meter['remove'] = (spec, labels) => void this.#values.delete(seriesOf(spec.name, labels));
  declare: Meter['declare'] = () => undefined;
  onCollect: Meter['onCollect'] = (collect) => void this.#collectors.push(collect);

  /** Value of one series, 0 when there is none. Counts observations of summaries. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number {
    for (const collect of this.#collectors) collect();
    return this.#values.get(seriesOf(name, labels)) ?? 0;
  }
}
const seriesOf = (name: string, labels: Readonly<Record<string, string>>): string =>
  `${name}${JSON.stringify(labels)}`;

export class RecordedLog implements Logger {
  readonly lines: { readonly level: string; readonly message: string; readonly facts: LogFacts }[] = [];
  readonly #write =
    (level: string, base: LogFacts) =>
    (message: string, facts: LogFacts = {}): void =>
      void this.lines.push({ level, message, facts: { ...base, ...facts } });
  debug: Logger['debug'] = this.#write('debug', {});
  info: Logger['info'] = this.#write('info', {});
  warn: Logger['warn'] = this.#write('warn', {});
  error: Logger['error'] = this.#write('error', {});
  with(facts: LogFacts): Logger {
    const bound = (level: string): Logger['info'] => this.#write(level, facts);
    return {
      debug: bound('debug'),
      info: bound('info'),
      warn: bound('warn'),
      error: bound('error'),
      with: () => this,
    };
  }
  at(level: string): readonly string[] {
    return this.lines.filter((line) => line.level === level).map(({ message }) => message);
  }
}

/** Keeps the newest version of each row, as every store does. */
export class MemoryStore implements StateStore {
  readonly rows: Map<string, StateRow> = new Map();
  merges = 0;
  isAway = false;
  merge(kind: StateKind, rows: readonly StateRow[]): Promise<void> {
    if (this.isAway) return Promise.reject(new AppError('unavailable', 'the database is away'));
    this.merges++;
    for (const row of rows) {
      const key = `${kind} ${row.tenant} ${row.key}`;
      const known = this.rows.get(key);
      const isNewer =
        known === undefined ||
        row.seconds > known.seconds ||
        (row.seconds === known.seconds && row.nanos > known.nanos);
      if (isNewer) this.rows.set(key, row);
    }
    return Promise.resolve();
  }
  load(_: StateKind, nowMs: number): Promise<readonly StateRow[]> {
    if (this.isAway) return Promise.reject(new AppError('unavailable', 'the database is away'));
    return Promise.resolve([...this.rows.values()].filter(({ expiresAtMs }) => expiresAtMs > nowMs));
  }
  remove(): Promise<void> {
    return Promise.resolve();
  }
  collectGarbage(_: StateKind, nowMs: number): Promise<number> {
    const before = this.rows.size;
    for (const [key, { expiresAtMs }] of this.rows) if (expiresAtMs <= nowMs) this.rows.delete(key);
    return Promise.resolve(before - this.rows.size);
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** `hangs`: takes batches and says nothing. `away`: no stream can be opened. */
export type AlertmanagerMode = 'takes' | 'hangs' | 'away';

export class FakeAlertmanager {
  /** Its methods may be replaced. */
  readonly link: { -readonly [K in keyof RpcLink]: RpcLink[K] };
  readonly batches: AlertBatch[] = [];
  mode: AlertmanagerMode = 'takes';
  rejections: (batch: AlertBatch) => readonly Rejection[] = () => [];
  opened = 0;
  readonly #open = new Set<(error: AppError) => void>();

  constructor(target: string) {
    const inner = loopback(
      [
        bidi(AlertmanagerMethods.streamAlerts, (reply: RpcStream<AlertBatchAck>) => ({
          onMessage: (batch: AlertBatch) => {
            if (this.mode !== 'takes') return;
            this.batches.push(batch);
            reply.send({ number: batch.number, rejections: this.rejections(batch) });
          },
          onEnd: () => undefined,
        })),
      ],
      target,
    );
    this.link = {
      target,
      call: (method, request, options) => inner.call(method, request, options),
      close: () => undefined,
      openStream: <Req, Res>(
        method: Parameters<typeof inner.openStream<Req, Res>>[0],
        handlers: StreamHandlers<Res>,
      ) => {
        this.opened++;
        if (this.mode === 'away') {
          void Promise.resolve().then(() =>
            handlers.onEnd(new AppError('unavailable', 'connection refused')),
          );
          return { send: () => true, end: () => undefined, cancel: () => undefined };
        }
        const stream = inner.openStream(method, handlers);
        this.#open.add((error) => {
          stream.cancel();
          handlers.onEnd(error);
        });
        return stream;
      },
    };
  }

  /** As a restart does. */
  cut(): void {
    for (const end of this.#open) end(new AppError('unavailable', 'connection reset'));
    this.#open.clear();
  }

  get alerts(): readonly WireAlert[] {
    return this.batches.flatMap(({ alerts }) => alerts);
  }
}

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value?: string;
}

/** An HTTP API of Prometheus that answers what it is told to. */
export class FakeSources implements HttpOut {
  /** By expression. */
  readonly results: Map<string, readonly Series[]> = new Map();
  /** By URL: instead of an answer of the API. */
  readonly overrides: Map<string, () => Promise<{ readonly status: number; readonly body: string }>> =
    new Map();
  readonly requests: {
    readonly url: string;
    readonly body: string;
    readonly headers: Parameters<HttpOut['send']>[0]['headers'];
  }[] = [];

  set(expr: string, ...series: readonly Series[]): void {
    this.results.set(expr, series);
  }

  async send(request: Parameters<HttpOut['send']>[0]): ReturnType<HttpOut['send']> {
    const body = typeof request.body === 'string' ? request.body : '';
    this.requests.push({ url: request.url, body, headers: request.headers });
    const override = this.overrides.get(request.url);
    const answer = override === undefined ? { status: 200, body: this.#answer(body) } : await override();
    const bytes = encodeUtf8(answer.body);
    if (bytes.length > request.maxBytes)
      throw new AppError('limit', `the answer is larger than ${request.maxBytes} bytes`);
    return { status: answer.status, headers: {}, body: bytes };
  }

  #answer(body: string): string {
    const field = /^query=([^&]*)/.exec(body)?.[1] ?? '';
    const series = this.results.get(decodeURIComponent(field.replaceAll('+', ' '))) ?? [];
    const result = series.map(({ labels, value }) => ({ metric: labels, value: [0, value ?? '1'] }));
    return JSON.stringify({ status: 'success', data: { resultType: 'vector', result } });
  }
}

/** YAML as far as JSON goes, which every YAML reader takes too. */
export function readJson(text: string): DocNode {
  const node = (value: unknown): DocNode => {
    const at = { line: 1, column: 1 };
    if (Array.isArray(value)) return { kind: 'list', items: (value as readonly unknown[]).map(node), ...at };
    if (typeof value === 'object' && value !== null) {
      return {
        kind: 'map',
        entries: Object.entries(value).map(([key, each]) => ({ key, value: node(each), ...at })),
        ...at,
      };
    }
    return {
      kind: 'scalar',
      text: typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value),
      isPlain: typeof value !== 'string',
      ...at,
    };
  };
  try {
    return node(text === '' ? null : JSON.parse(text));
  } catch {
    throw AppError.invalid('line 1, column 1: no YAML');
  }
}

export const SOURCE_URL = 'http://prom.example:9090';

/** Everything around a scheduler; several of them may run in one world. */
export class World {
  readonly time: VirtualTime = new VirtualTime();
  readonly sources: FakeSources = new FakeSources();
  readonly store: MemoryStore = new MemoryStore();
  readonly log: RecordedLog = new RecordedLog();
  readonly events: DecisionEvent[] = [];
  readonly alertmanagers: FakeAlertmanager[] = [];
  readonly #changed = new Set<() => void>();
  readonly dataSources: unknown = [{ name: 'main', type: 'prometheus', url: SOURCE_URL }];
  files: ConfigurationFiles;

  constructor(groups: readonly unknown[], dataSources?: readonly unknown[]) {
    this.files = {
      dataSources: {
        file: 'datasources.yml',
        text: JSON.stringify({ datasources: dataSources ?? this.dataSources }),
      },
      rules: [{ file: 'rules.yml', dataSource: '', text: JSON.stringify({ groups }) }],
    };
  }

  setGroups(...groups: readonly unknown[]): void {
    this.setRules({ file: 'rules.yml', dataSource: '', text: JSON.stringify({ groups }) });
  }
  setRules(...rules: readonly RuleFileText[]): void {
    this.files = { ...this.files, rules };
  }

  alertmanager(target: string): FakeAlertmanager {
    const added = new FakeAlertmanager(target);
    this.alertmanagers.push(added);
    for (const changed of this.#changed) changed();
    return added;
  }
  removeAlertmanager(target: string): void {
    this.alertmanagers.splice(
      this.alertmanagers.findIndex(({ link }) => link.target === target),
      1,
    );
    for (const changed of this.#changed) changed();
  }

  parts(
    settings: Partial<SchedulerSettings> = {},
    over: Partial<SchedulerParts> = {},
  ): SchedulerParts & { readonly meter: RecordedMeter } {
    return {
      settings: { ...schedulerDefaults, ...settings },
      clock: this.time,
      timers: this.time,
      random: countingRandom(),
      logger: this.log,
      tracer: noTracer,
      events: { emit: (event) => void this.events.push(event) },
      http: this.sources,
      store: this.store,
      alertmanagers: {
        links: () => this.alertmanagers.map(({ link }) => link),
        onChange: (changed) => {
          this.#changed.add(changed);
          return () => void this.#changed.delete(changed);
        },
      },
      configuration: { load: () => Promise.resolve(this.files) },
      readDocument: readJson,
      ...over,
      meter: new RecordedMeter(),
    };
  }

  /** Ready, and nothing evaluated yet. */
  async start(
    settings: Partial<SchedulerSettings> = {},
    over: Partial<SchedulerParts> = {},
  ): Promise<Running> {
    const parts = this.parts(settings, over);
    const scheduler = await startScheduler(parts);
    await settled();
    return { ...scheduler, meter: parts.meter };
  }

  decisions<T extends Decision['type']>(type: T): readonly Extract<Decision, { readonly type: T }>[] {
    return this.events.flatMap(({ decision }) =>
      decision.type === type ? [decision as Extract<Decision, { readonly type: T }>] : [],
    );
  }
}

export interface Running extends Scheduler {
  readonly meter: RecordedMeter;
}

/** GET, with the body as one text. */
export async function get(
  scheduler: Pick<Scheduler, 'http'>,
  path: string,
  query: readonly (readonly [string, string])[] = [],
  method = 'GET',
): Promise<{ readonly status: number; readonly text: string }> {
  const answer: HttpResponse = await scheduler.http({
    method,
    path,
    query,
    headers: {},
    body: new Uint8Array(0),
  });
  let text = '';
  if (typeof answer.body === 'string') text = answer.body;
  else if (!(answer.body instanceof Uint8Array)) for await (const slice of answer.body) text += slice;
  return { status: answer.status, text };
}

export const labelsOf = (alert: WireAlert | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries((alert?.labels ?? []).map(({ name, value }) => [name, value]));
