/**
 * The whole HTTP face of a real alertmanager over a store in memory: request line, headers and body.
 * Whatever comes: an answer below 500, nothing in the log that asks to be reported, JSON that parses, and
 * after a refusal the same alerts, silences and log entries as before it.
 */
import { Bench, HOUR, MINUTE, textOf } from '@tocsin/alertmanager-service/testing';
import { encodeUtf8, type HttpRequest, type HttpResponse } from '@tocsin/kernel';
import { readYaml } from '@tocsin/runtime';
import { readTarget } from '@tocsin/transport';
import { wellFormed, type Maker } from './maker.ts';
import { Finding, type FuzzTarget, type Outcome } from './target.ts';

interface OperationDoc {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> };
}
interface Documented {
  readonly path: string;
  readonly method: string;
  readonly parameters: readonly string[];
  readonly types: readonly string[];
}
export interface RawInput {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** Then a new service: comparing its state costs more and more. */
const REQUESTS_PER_SERVICE = 300;
const configuration = JSON.stringify({
  route: {
    receiver: 'team',
    group_by: ['alertname'],
    group_wait: '10s',
    routes: [{ receiver: 'other', matchers: ['team="other"'] }],
  },
  receivers: [{ name: 'team', webhook_configs: [{ url: 'http://sink.test/' }] }, { name: 'other' }],
  inhibit_rules: [{ source_matchers: ['severity="critical"'], target_matchers: ['team="a"'] }],
});
/** Limits that answer so when they are reached. */
const EXPECTED_503 = /try again later|is stopping/;

export class HttpTarget implements FuzzTarget {
  readonly name = 'http';
  #bench: Bench | undefined;
  #operations: readonly Documented[] = [];
  #requests = 0;
  #silences: readonly string[] = [];

  async run(maker: Maker): Promise<Outcome> {
    const bench = await this.#service();
    if (maker.chance(150)) await bench.run(maker.random.below(2 * MINUTE));
    return this.send(this.#input(maker));
  }

  /** One request as it would come from a socket. */
  async send(input: RawInput): Promise<Outcome> {
    const bench = await this.#service();
    this.#requests++;
    const target = readTarget(input.target, '');
    if ('status' in target) return 'refused';
    const request: HttpRequest = {
      method: input.method,
      path: target.path,
      query: target.query,
      headers: input.headers,
      body: input.body,
      text: () => Buffer.from(input.body).toString('utf8'),
    };
    const shown = { ...input, body: Buffer.from(input.body).toString('utf8') };
    const before = await stateOf(bench);
    const at = bench.world.now;
    const logged = bench.logger.lines.length;
    let answer: HttpResponse;
    let text: string;
    try {
      answer = await bench.settled(Promise.resolve(bench.alertmanager.http(request)));
      text = await bodyOf(bench, answer);
    } catch (error) {
      throw new Finding('the handler threw', shown, error);
    }
    const complaint = bench.logger.lines
      .slice(logged)
      .find(({ message }) => message.includes('please report'));
    if (complaint !== undefined) throw new Finding(`the log says: ${JSON.stringify(complaint)}`, shown);
    if (
      answer.status >= 500 &&
      !(answer.status === 503 && EXPECTED_503.test(text)) &&
      target.path !== '/-/reload'
    )
      throw new Finding(`status ${answer.status}: ${text}`, shown);
    if (answer.headers['Content-Type'] === 'application/json') parsed(text, shown);
    if (answer.status < 400) {
      await this.#learn(bench);
      return 'accepted';
    }
    // The good alerts of a batch are taken although others are refused.
    const isPartial = answer.headers['Tocsin-Rejected-Alerts'] !== undefined;
    const after = await stateOf(bench);
    if (!isPartial && bench.world.now === at && after !== before)
      throw new Finding(
        `refused with ${answer.status}, and yet the state changed\nbefore ${before}\nafter ${after}`,
        shown,
      );
    return 'refused';
  }

  async #service(): Promise<Bench> {
    if (this.#bench !== undefined && this.#requests < REQUESTS_PER_SERVICE) return this.#bench;
    this.#bench?.alertmanager.endWatches();
    const bench = new Bench({ turn, configuration, readDocument: readYaml });
    await bench.start();
    await bench.post({ labels: { alertname: 'Before' }, endsAt: bench.time(100 * HOUR) });
    const { body } = await bench.request('GET', '/api/v2/openapi.json');
    const { paths } = body as { paths: Readonly<Record<string, Readonly<Record<string, OperationDoc>>>> };
    this.#operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
        path: `/api/v2${path}`,
        method: method.toUpperCase(),
        parameters: parameters.map(({ name }) => name),
        types: Object.keys(requestBody?.content ?? {}),
      })),
    );
    this.#requests = 0;
    this.#silences = [];
    return (this.#bench = bench);
  }

  async #learn(bench: Bench): Promise<void> {
    const { body } = await bench.request('GET', '/api/v2/silences');
    this.#silences = (body as { id: string }[]).map(({ id }) => id);
  }

  #input(maker: Maker): RawInput {
    const operation = maker.pick(this.#operations);
    const id = this.#silences.length > 0 && maker.chance(2) ? maker.pick(this.#silences) : maker.text();
    const path = operation.path.replace('{silenceID}', encoded(maker, id));
    const query = maker.times(
      4,
      () =>
        `${maker.chance(10) ? encoded(maker, maker.text()) : maker.pick([...operation.parameters, 'x'])}=${encoded(maker, this.#parameter(maker))}`,
    );
    const target = maker.damaged(`${path}${query.length === 0 ? '' : '?'}${query.join('&')}`, 12);
    const method = maker.chance(25)
      ? maker.pick(['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', '', maker.text()])
      : operation.method;
    const type =
      operation.types.length === 0 || maker.chance(20)
        ? maker.pick(['application/json', maker.text()])
        : maker.pick(operation.types);
    const headers: Record<string, string> = { 'content-type': maker.damaged(type, 12) };
    for (const name of [
      'accept',
      'origin',
      'access-control-request-method',
      'access-control-request-headers',
      'traceparent',
      'last-event-id',
    ])
      if (maker.chance(10)) headers[name] = maker.pick(['application/json', '*/*', 'POST', maker.text()]);
    const text = encodeUtf8(maker.damaged(this.#body(maker, operation)));
    return {
      method,
      target,
      headers,
      body: maker.chance(15) ? maker.damagedBytes(text.slice(0, 5_000)) : text,
    };
  }

  #parameter(maker: Maker): string {
    return maker.pick([
      maker.text(),
      maker.matcher(),
      maker.matcher(),
      'true',
      'false',
      String(maker.random.below(2_000)),
      'label.x',
      '-startsAt',
      'alertname',
      'alert',
    ]);
  }

  #body(maker: Maker, { path, types }: Documented): string {
    if (types.length === 0 && !maker.chance(20)) return '';
    if (path.endsWith('/silences')) return asJson(maker, maker.silence(this.#silences));
    if (path.endsWith('/validate')) {
      const config = maker.damaged(configuration, 2);
      return maker.chance(2)
        ? config
        : asJson(
            maker,
            maker.object({
              config: () => config,
              templates: () =>
                maker.times(2, () => maker.object({ name: () => maker.text(), text: () => maker.text() })),
            }),
          );
    }
    return asJson(maker, maker.alerts());
  }
}

/** Compact as Go writes it, or with white space; now and then with one value nested deeper than any stack. */
function asJson(maker: Maker, value: unknown): string {
  const text = JSON.stringify(value, undefined, maker.chance(3) ? 1 : 0) ?? '';
  const places = [...text.matchAll(/: ?("[^"\\]*"|null|true|false|\d+)/g)];
  if (!maker.chance(60) || places.length === 0) return text;
  const place = maker.pick(places);
  const depth = 1 + maker.random.below(20_000);
  const nested = maker.chance(2)
    ? '['.repeat(depth) + ']'.repeat(depth)
    : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  return `${text.slice(0, place.index)}:${nested}${text.slice(place.index + place[0].length)}`;
}

const encoded = (maker: Maker, text: string): string =>
  maker.chance(8) ? text : encodeURIComponent(wellFormed(text));

function parsed(text: string, input: object): void {
  try {
    JSON.parse(text);
  } catch (error) {
    if (text !== '') throw new Finding(`the answer is no JSON: ${text}`, input, error);
  }
}

async function bodyOf(bench: Bench, answer: HttpResponse): Promise<string> {
  if (answer.headers['Content-Type'] !== 'text/event-stream') return bench.settled(textOf(answer));
  const stream = (answer.body as AsyncIterable<string>)[Symbol.asyncIterator]();
  const { value } = await bench.settled(stream.next() as Promise<IteratorResult<string, undefined>>);
  await stream.return?.();
  return value ?? '';
}

/** Everything accepted so far. */
async function stateOf(bench: Bench): Promise<string> {
  const ask = async (path: string): Promise<string> => {
    const answer = await bench.alertmanager.http({
      method: 'GET',
      path,
      query: [],
      headers: {},
      body: new Uint8Array(),
    });
    return textOf(answer);
  };
  const nflog = bench.store.rows('nflog').map(({ bytes }) => Buffer.from(bytes).toString('base64'));
  return `${await ask('/api/v2/alerts')}${await ask('/api/v2/silences')}${nflog.join()}`;
}
