import { ReceiversMethods, type NotifyOutcome, type NotifyRequest } from '@tocsin/contracts';
import {
  AppError,
  bidi,
  loopback,
  unary,
  type Clock,
  type RpcLink,
  type RpcStream,
  type StreamHandlers,
} from '@tocsin/kernel';

export interface Heard {
  readonly at: number;
  readonly request: NotifyRequest;
}

type Answer = Partial<NotifyOutcome>;

export const outcomeOf = (request: NotifyRequest, answer: Answer): NotifyOutcome => ({
  notificationId: request.notificationId,
  status: 'delivered',
  reason: '',
  error: '',
  retryAfterMs: 0,
  statusCode: 200,
  receiverData: new Map(),
  attempt: request.attempt,
  ...answer,
});

/** A receivers replica that writes down what it is told, and answers as the test says. */
export class RecordingReceivers {
  readonly heard: Heard[] = [];
  readonly configured: string[] = [];
  /** Ids that somebody asked the outcome of. */
  readonly asked: string[] = [];
  readonly outcomes: Map<string, NotifyOutcome> = new Map();
  readonly link: RpcLink;
  answer: (request: NotifyRequest) => Answer | Promise<Answer> = (): Answer => ({});
  readonly #clock: Clock;
  readonly #streams = new Set<StreamHandlers<unknown>>();

  constructor(clock: Clock, target = 'receivers') {
    this.#clock = clock;
    const inner = loopback(this.#handlers(), target);
    this.link = {
      ...inner,
      openStream: <Req, Res>(
        method: Parameters<typeof inner.openStream<Req, Res>>[0],
        handlers: StreamHandlers<Res>,
      ): RpcStream<Req> => {
        this.#streams.add(handlers);
        return inner.openStream(method, handlers);
      },
    };
  }

  /** The replica dies: its streams end with an error. */
  lose(): void {
    for (const stream of this.#streams) stream.onEnd(new AppError('unavailable', 'connection reset'));
    this.#streams.clear();
  }

  #handlers(): Parameters<typeof loopback>[0] {
    return [
      bidi(ReceiversMethods.notifyStream, (reply) => ({
        onMessage: (request) => void this.#take(request).then((outcome) => reply.send(outcome)),
        onEnd: () => undefined,
      })),
      unary(ReceiversMethods.configure, ({ configurationHash }) => {
        this.configured.push(configurationHash);
        return {};
      }),
      unary(ReceiversMethods.outcome, ({ notificationIds }) => {
        this.asked.push(...notificationIds);
        return { outcomes: notificationIds.flatMap((id) => this.outcomes.get(id) ?? []) };
      }),
    ];
  }

  async #take(request: NotifyRequest): Promise<NotifyOutcome> {
    if (!this.configured.includes(request.configurationHash))
      return outcomeOf(request, { status: 'configuration-unknown' });
    this.heard.push({ at: this.#clock.mono(), request });
    const outcome = outcomeOf(request, await this.answer(request));
    this.outcomes.set(request.notificationId, outcome);
    return outcome;
  }
}
