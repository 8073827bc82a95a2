/**
 * Goal: a service behind a real gRPC connection behaves as it does in process, also when the peer
 * misbehaves, is slow, goes away or is full.
 */
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client, credentials, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import {
  ReceiversMethods,
  emptyNotifyRequest,
  type DescribeResponse,
  type NotifyOutcome,
  type NotifyRequest,
} from '@tocsin/contracts';
import {
  AppError,
  bidi,
  noMeter,
  unary,
  type ErrorCode,
  type LogFacts,
  type Logger,
  type RpcHandler,
  type RpcStream,
} from '@tocsin/kernel';
import { loadSync } from '@grpc/proto-loader';
import { afterEach, describe, expect, it } from 'vitest';
import { makeCertificate } from '../testing/certificate.ts';
import { dialGrpc, type DialGrpcOptions } from './client.ts';
import { serveGrpc, type GrpcServing, type ServeGrpcOptions } from './server.ts';

const logged: { message: string; facts: LogFacts | undefined }[] = [];
const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message, facts) => void logged.push({ message, facts }),
  error: (message, facts) => void logged.push({ message, facts }),
  with: () => logger,
};

const ends: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
  logged.length = 0;
});

async function serve(
  handlers: readonly RpcHandler[],
  more: Partial<ServeGrpcOptions> = {},
): Promise<GrpcServing> {
  const serving = await serveGrpc({ address: '127.0.0.1:0', handlers, logger, meter: noMeter, ...more });
  ends.push(() => serving.stop(0));
  return serving;
}
function dial(target: string, options?: DialGrpcOptions): ReturnType<typeof dialGrpc> {
  const link = dialGrpc(target, options);
  ends.push(() => link.close());
  return link;
}

const outcomeOf = (request: NotifyRequest): NotifyOutcome => ({
  notificationId: request.notificationId,
  status: 'delivered',
  reason: '',
  error: '',
  retryAfterMs: 0,
  statusCode: 200,
  receiverData: new Map([['threadTs', '1.5']]),
  attempt: request.attempt,
});
const describeAs = (version: string): RpcHandler =>
  unary(ReceiversMethods.describe, (): DescribeResponse => ({ integrations: ['webhook'], version }));
const echo = bidi(ReceiversMethods.notifyStream, (reply) => ({
  onMessage: (request) => void reply.send(outcomeOf(request)),
  onEnd: () => reply.end(),
}));
const call = { deadlineMs: 5_000 };

/** Collects what a stream brings until it ends. */
function collect(
  open: (handlers: {
    onMessage: (outcome: NotifyOutcome) => void;
    onEnd: (error?: AppError) => void;
  }) => RpcStream<NotifyRequest>,
): { stream: RpcStream<NotifyRequest>; messages: NotifyOutcome[]; over: Promise<AppError | undefined> } {
  const messages: NotifyOutcome[] = [];
  let settle: (error: AppError | undefined) => void;
  const over = new Promise<AppError | undefined>((settled) => (settle = settled));
  const stream = open({ onMessage: (outcome) => messages.push(outcome), onEnd: (error) => settle(error) });
  return { stream, messages, over };
}

const errorOf = async (promise: Promise<unknown>): Promise<AppError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
};

describe('a unary call', () => {
  it('carries the message, the answer and the trace context', async () => {
    let traceparent = '';
    const { address } = await serve([
      unary(ReceiversMethods.notify, (request, context) => {
        ({ traceparent } = context);
        return outcomeOf(request);
      }),
    ]);
    const request = { ...emptyNotifyRequest, notificationId: 'n-1', attempt: 3 };
    const given = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const outcome = await dial(address).call(ReceiversMethods.notify, request, {
      ...call,
      traceparent: given,
    });
    expect(outcome).toEqual(outcomeOf(request));
    expect(traceparent).toBe(given);
  });

  const codes: readonly ErrorCode[] = [
    'invalid',
    'not-found',
    'conflict',
    'limit',
    'precondition',
    'unauthenticated',
    'permission',
    'unavailable',
    'deadline',
    'cancelled',
    'internal',
  ];
  it.each(codes)('brings an error of code %s back as the same code, with its message', async (code) => {
    const { address } = await serve([
      unary(ReceiversMethods.describe, () => {
        throw new AppError(code, 'the größte of troubles');
      }),
    ]);
    const error = await errorOf(dial(address).call(ReceiversMethods.describe, {}, call));
    expect(error.code).toBe(code);
    expect(error.message).toContain('the größte of troubles');
    expect(error.message).toContain(address);
  });

  it('hides a bug of the handler from the caller and logs it', async () => {
    const { address } = await serve([
      unary(ReceiversMethods.describe, () => {
        throw new Error('password is hunter2');
      }),
    ]);
    const error = await errorOf(dial(address).call(ReceiversMethods.describe, {}, call));
    expect(error.code).toBe('internal');
    expect(error.message).not.toContain('hunter2');
    expect(JSON.stringify(logged)).toContain('hunter2');
  });

  it('fails with deadline when the handler never answers', async () => {
    const { address } = await serve([
      unary(ReceiversMethods.describe, () => new Promise<never>(() => undefined)),
    ]);
    expect((await errorOf(dial(address).call(ReceiversMethods.describe, {}, { deadlineMs: 50 }))).code).toBe(
      'deadline',
    );
  });

  it('fails with unavailable when nobody listens, and succeeds on the same link once somebody does', async () => {
    const port = await freePort();
    const link = dial(`127.0.0.1:${port}`);
    expect((await errorOf(link.call(ReceiversMethods.describe, {}, call))).code).toBe('unavailable');
    await serve([describeAs('back')], { address: `127.0.0.1:${port}` });
    await expect
      .poll(() => link.call(ReceiversMethods.describe, {}, call).catch(() => undefined), { timeout: 10_000 })
      .toEqual({ integrations: ['webhook'], version: 'back' });
  });

  it('answers invalid to bytes that are no such message', async () => {
    const { address } = await serve([unary(ReceiversMethods.notify, outcomeOf)]);
    const raw = new Client(address, credentials.createInsecure());
    ends.push(() => raw.close());
    const answer = await new Promise<{ code?: number; details?: string } | null>((settle) => {
      const bytes = (value: Buffer): Buffer => value;
      raw.makeUnaryRequest(
        ReceiversMethods.notify.path,
        bytes,
        bytes,
        Buffer.from([0x0a, 0x05, 0x41]),
        (error) => settle(error),
      );
    });
    expect(answer?.code).toBe(3);
    expect(answer?.details).toContain('NotifyRequest');
  });

  it('is refused with limit when the message is larger than allowed', async () => {
    const { address } = await serve([unary(ReceiversMethods.notify, outcomeOf)]);
    const huge = { ...emptyNotifyRequest, groupKey: 'x'.repeat(17 * 1024 * 1024) };
    expect((await errorOf(dial(address).call(ReceiversMethods.notify, huge, call))).code).toBe('limit');
  });

  it('fails at once after the link was closed', async () => {
    const { address } = await serve([describeAs('1')]);
    const link = dial(address);
    link.close();
    expect((await errorOf(link.call(ReceiversMethods.describe, {}, call))).code).toBe('cancelled');
  });
});

describe('a stream', () => {
  it('answers every message and ends in good order', async () => {
    const { address } = await serve([echo]);
    const { stream, messages, over } = collect((handlers) =>
      dial(address).openStream(ReceiversMethods.notifyStream, handlers),
    );
    const ids = Array.from({ length: 500 }, (_, index) => `n-${index}`);
    for (const notificationId of ids) stream.send({ ...emptyNotifyRequest, notificationId });
    stream.end();
    expect(await over).toBeUndefined();
    expect(messages.map((message) => message.notificationId)).toEqual(ids);
  });

  it('tells a fast sender to wait, and when to go on', async () => {
    const { address } = await serve([
      bidi(ReceiversMethods.notifyStream, (reply) => ({
        onMessage: () => undefined,
        onEnd: () => reply.end(),
      })),
    ]);
    const link = dial(address);
    const big = { ...emptyNotifyRequest, groupKey: 'x'.repeat(1024 * 1024) };
    await new Promise<void>((drained) => {
      const stream = link.openStream(ReceiversMethods.notifyStream, {
        onMessage: () => undefined,
        onEnd: () => undefined,
        onDrain: () => drained(),
      });
      let sent = 0;
      while (stream.send(big)) expect(++sent).toBeLessThan(1000);
    });
  });

  it('ends with unavailable when nobody listens', async () => {
    const port = await freePort();
    const { over } = collect((handlers) =>
      dial(`127.0.0.1:${port}`).openStream(ReceiversMethods.notifyStream, handlers),
    );
    expect((await over)?.code).toBe('unavailable');
  });

  it('ends with an error when the server goes away', async () => {
    const serving = await serve([echo]);
    const { stream, messages, over } = collect((handlers) =>
      dial(serving.address).openStream(ReceiversMethods.notifyStream, handlers),
    );
    stream.send({ ...emptyNotifyRequest, notificationId: 'n-1' });
    await expect.poll(() => messages.length).toBe(1);
    await serving.stop(0);
    expect(await over).toBeInstanceOf(AppError);
  });

  it('tells the server when the caller gives up, and the caller hears nothing more', async () => {
    const heard: (AppError | undefined)[] = [];
    let calls = 0;
    const { address } = await serve([
      bidi(ReceiversMethods.notifyStream, (reply) => ({
        onMessage: (request) => void reply.send(outcomeOf(request)),
        onEnd: (error) => void heard.push(error),
      })),
    ]);
    const stream = dial(address).openStream(ReceiversMethods.notifyStream, {
      onMessage: () => stream.cancel(),
      onEnd: () => calls++,
    });
    stream.send(emptyNotifyRequest);
    await expect.poll(() => heard.length).toBe(1);
    expect(heard[0]?.code).toBe('cancelled');
    expect(calls).toBe(0);
  });

  it('ends with the error of a handler that throws on a message, and the handler hears of the end once', async () => {
    const heard: (AppError | undefined)[] = [];
    const { address } = await serve([
      bidi(ReceiversMethods.notifyStream, () => ({
        onMessage: () => {
          throw new AppError('precondition', 'not now');
        },
        onEnd: (error) => void heard.push(error),
      })),
    ]);
    const { stream, over } = collect((handlers) =>
      dial(address).openStream(ReceiversMethods.notifyStream, handlers),
    );
    stream.send(emptyNotifyRequest);
    expect((await over)?.code).toBe('precondition');
    expect(heard.map((error) => error?.code)).toEqual(['precondition']);
  });

  it('is cut by the server with cancelled', async () => {
    const { address } = await serve([
      bidi(ReceiversMethods.notifyStream, (reply) => ({
        onMessage: () => reply.cancel(),
        onEnd: () => undefined,
      })),
    ]);
    const { stream, over } = collect((handlers) =>
      dial(address).openStream(ReceiversMethods.notifyStream, handlers),
    );
    stream.send(emptyNotifyRequest);
    expect((await over)?.code).toBe('cancelled');
  });
});

describe('several addresses behind one name', () => {
  it('share the calls, and the one that lives takes them all', async () => {
    const [one, two] = [await serve([describeAs('one')]), await serve([describeAs('two')])];
    const link = dial(`ipv4:${one.address},${two.address}`);
    const ask = async (): Promise<string> => (await link.call(ReceiversMethods.describe, {}, call)).version;
    await expect.poll(async () => new Set([await ask(), await ask()]).size, { timeout: 5_000 }).toBe(2);
    await one.stop(0);
    await expect
      .poll(async () => [await ask(), await ask(), await ask()], { timeout: 5_000 })
      .toEqual(['two', 'two', 'two']);
  });

  it('are found through DNS', async () => {
    const { address } = await serve([describeAs('dns')]);
    const port = address.split(':')[1];
    const answer = await dial(`dns:///localhost:${port}`).call(ReceiversMethods.describe, {}, call);
    expect(answer.version).toBe('dns');
  });
});

describe('mutual TLS', () => {
  it('lets in who shows a certificate of our authority, and nobody else', async () => {
    const { key, certificate } = makeCertificate('tocsin.test');
    const ca = certificate;
    const tls = { certificatePem: certificate, keyPem: key, clientCaPem: ca };
    const { address } = await serve([describeAs('tls')], { tls });
    const trusted = dial(address, {
      tls: { caPem: ca, certificatePem: certificate, keyPem: key, serverName: 'tocsin.test' },
    });
    expect((await trusted.call(ReceiversMethods.describe, {}, call)).version).toBe('tls');
    const stranger = dial(address, { tls: { caPem: ca, serverName: 'tocsin.test' } });
    expect((await errorOf(stranger.call(ReceiversMethods.describe, {}, call))).code).toBe('unavailable');
    const plain = dial(address);
    expect((await errorOf(plain.call(ReceiversMethods.describe, {}, call))).code).toBe('unavailable');
  });
});

describe('a listening server', () => {
  it('says that an address is in use, and what to do', async () => {
    const { address } = await serve([describeAs('1')]);
    const error = await errorOf(serveGrpc({ address, handlers: [], logger, meter: noMeter }));
    expect(error.message).toBe(
      `${address} is already in use: stop the program that listens there, or choose another port`,
    );
  });

  it('refuses an address that is none', async () => {
    const error = await errorOf(serveGrpc({ address: 'localhost', handlers: [], logger, meter: noMeter }));
    expect(error.code).toBe('invalid');
    expect(error.message).toContain('"localhost" is no listen address');
  });

  it('takes calls on all addresses when the host is empty', async () => {
    const { address } = await serve([describeAs('all')], { address: ':0' });
    expect(address).toMatch(/^:\d+$/);
    expect((await dial(`127.0.0.1${address}`).call(ReceiversMethods.describe, {}, call)).version).toBe('all');
  });

  it('answers health checks for itself and each service', async () => {
    const { address } = await serve([describeAs('1')]);
    expect(await healthOf(address, '')).toBe('SERVING');
    expect(await healthOf(address, 'tocsin.receivers.v1.ReceiversService')).toBe('SERVING');
    await expect(healthOf(address, 'nobody')).rejects.toThrow(/NOT_FOUND/);
  });

  it('lists its services by reflection, with their messages', async () => {
    const { address } = await serve([describeAs('1')]);
    const answers = await reflect(address, [
      { listServices: '*' },
      { fileContainingSymbol: 'tocsin.receivers.v1.NotifyRequest' },
    ]);
    expect(JSON.stringify(answers[0])).toContain('tocsin.receivers.v1.ReceiversService');
    expect(JSON.stringify(answers[0])).not.toContain('AlertmanagerService');
    expect(answers[1]).toHaveProperty('fileDescriptorResponse');
  });

  it('lets a running call end within the grace, and cuts a stream that stays longer', async () => {
    const serving = await serve([
      unary(ReceiversMethods.describe, async () => {
        await new Promise((later) => setTimeout(later, 100));
        return { integrations: [], version: 'late' };
      }),
      echo,
    ]);
    const link = dial(serving.address);
    const { stream, messages, over } = collect((handlers) =>
      link.openStream(ReceiversMethods.notifyStream, handlers),
    );
    stream.send(emptyNotifyRequest);
    await expect.poll(() => messages.length).toBe(1);
    const answer = link.call(ReceiversMethods.describe, {}, call);
    await new Promise((later) => setTimeout(later, 30));
    const [, { version }, error] = await Promise.all([serving.stop(300), answer, over]);
    expect(version).toBe('late');
    expect(error).toBeInstanceOf(AppError);
  });
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((listening) => probe.listen(0, '127.0.0.1', listening));
  const { port } = probe.address() as AddressInfo;
  await new Promise((closed) => probe.close(closed));
  return port;
}

function healthOf(address: string, name: string): Promise<unknown> {
  const Health = loadPackageDefinition({ 'grpc.health.v1.Health': healthService }) as unknown as {
    grpc: { health: { v1: { Health: ServiceClientConstructor } } };
  };
  const client = new Health.grpc.health.v1.Health(address, credentials.createInsecure());
  ends.push(() => client.close());
  const check = client['check'] as unknown as (
    request: object,
    answer: (error: Error | null, response?: { status: unknown }) => void,
  ) => void;
  return new Promise((settle, fail) => {
    check.call(client, { service: name }, (error, response) =>
      error === null ? settle(response?.status) : fail(error),
    );
  });
}

async function reflect(address: string, requests: readonly object[]): Promise<unknown[]> {
  const path = join(
    import.meta.dirname,
    '../../../../node_modules/@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto',
  );
  const loaded = loadPackageDefinition(loadSync(path, { oneofs: true, longs: String })) as unknown as {
    grpc: { reflection: { v1: { ServerReflection: ServiceClientConstructor } } };
  };
  const client = new loaded.grpc.reflection.v1.ServerReflection(address, credentials.createInsecure());
  ends.push(() => client.close());
  const open = client['ServerReflectionInfo'] as unknown as () => NodeJS.EventEmitter & {
    write(request: object): void;
    end(): void;
  };
  const stream = open.call(client);
  const answers: unknown[] = [];
  for (const request of requests) stream.write(request);
  stream.end();
  await new Promise((ended, fail) => {
    stream.on('data', (answer) => answers.push(answer));
    stream.on('end', ended);
    stream.on('error', fail);
  });
  return answers;
}
