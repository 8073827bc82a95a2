/**
 * @module alertmanager-service/api
 *
 * The HTTP face: API v2 as upstream answers it (spec/alertmanager.md chapter 7), health and reload,
 * and what only we have under `/api/v2/tocsin/`. Paths come without the route prefix.
 */
import {
  AppError,
  assert,
  compareUtf8,
  messageOf,
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
} from '@tocsin/kernel';
import { formatMillis, instantOf, type Decision, type Tenant } from '@tocsin/model';
import { matchesAll } from '@tocsin/alerting';
import type { ConfigurationLoader, ConfigurationStatus } from '../configuration-loader.ts';
import type { Emit } from '../emit.ts';
import { pageHandler } from '../page/page.ts';
import { explain } from '../explain/explain.ts';
import { preview } from '../explain/preview.ts';
import type { AlertmanagerParts } from '../parts.ts';
import type { TenantAlertmanager } from '../tenant.ts';
import type { AlertmanagerSettings } from '../settings.ts';
import { getAlertCounts } from './alert-counts.ts';
import { getAlertPage } from './alert-pages.ts';
import { AlertReader } from './alert-reader.ts';
import { getAlerts, getGroups, postAlerts } from './alerts-api.ts';
import { eventStream, Malformed, malformed, ok, okJson, refusalOf, refused, text } from './answer.ts';
import { apiMetrics } from './api-metrics.ts';
import { cleanPath } from './clean-path.ts';
import { validateConfiguration, ValidationTurns } from './config-validate.ts';
import { acrossHeaders, isReadableAcross, preflightOf } from './cors.ts';
import { accepts, hasBody, mediaTypeOf } from './negotiation.ts';
import { openApiDocument } from './openapi/document.ts';
import { operations, type Operations } from './openapi/operations.ts';
import type { Operation } from './openapi/types.ts';
import { last, receiverMatchers } from './query.ts';
import { inSpan } from '../traced-http.ts';
import { getSilencePage, getSilences, postSilence, withSilence } from './silences-api.ts';
import type { WatchHub } from './watch.ts';
import { WatchView } from './watch-view.ts';

export interface HttpApiDeps {
  readonly parts: AlertmanagerParts;
  readonly tenantOf: (tenant: Tenant) => TenantAlertmanager;
  readonly reload: () => Promise<void>;
  readonly emit: Emit;
  readonly isReady: () => boolean;
  readonly configurationStatus: () => ConfigurationStatus;
  readonly judgeConfiguration: ConfigurationLoader['judge'];
  readonly startedAt: number;
  readonly newId: () => string;
  readonly watches: WatchHub;
}

const JSON_TYPE = 'application/json';

type Answer = HttpResponse | Promise<HttpResponse>;
type Route = (request: HttpRequest, tenant: TenantAlertmanager, argument: string) => Answer;
/** One route for each operation that is documented, and no other. */
type Routes = {
  readonly [Path in keyof Operations]: { readonly [Method in keyof Operations[Path]]: Route };
};

/** Events that one request may ask for. */
const EVENTS_MAX = 1_000;
const V1_GONE =
  'The Alertmanager v1 API was deprecated in version 0.16.0 and is removed as of version 0.27.0 - please use the equivalent route in the v2 API';

export function httpApi(deps: HttpApiDeps): HttpHandler {
  deps.parts.meter.declare(apiMetrics);
  const v2 = endpointsOf(v2Routes(deps));
  const page = pageHandler(deps);
  const failed = (request: HttpRequest, error: unknown): HttpResponse => {
    if (error instanceof Malformed) return error.response;
    if (error instanceof AppError) return refusalOf(error);
    deps.parts.logger.error('A request failed; please report this', {
      path: request.path,
      err: messageOf(error),
    });
    return refused(500, 'internal error');
  };
  const answerOf = (request: HttpRequest): Answer => {
    const answer = answerV2(deps, v2, request);
    return answer instanceof Promise ? answer.catch((error: unknown) => failed(request, error)) : answer;
  };
  const across = async (request: HttpRequest): Promise<HttpResponse> => {
    try {
      return readableAcross(await answerOf(request));
    } catch (error) {
      return readableAcross(failed(request, error));
    }
  };
  // Most answers are there at once; a promise for each would cost a small POST a tenth of its time.
  return (request) => {
    try {
      const path = cleanPath(request.path);
      if (!path.startsWith('/api/v2/') && path !== '/api/v2') {
        const answer = answerPlain(deps, page, request, path);
        return answer instanceof Promise ? answer.catch((error: unknown) => failed(request, error)) : answer;
      }
      if (isReadableAcross(request) && preflightOf(request) === undefined) return across(request);
      return answerOf(request);
    } catch (error) {
      return failed(request, error);
    }
  };
}

function v2Routes(deps: HttpApiDeps): Routes {
  const { parts, newId, watches } = deps;
  const { clock, timers, meter, settings } = parts;
  const mode = settings.matcherMode;
  const reader = new AlertReader(mode);
  const turns = new ValidationTurns({ clock, timers, meter });
  let document: string | undefined;
  return {
    status: { GET: () => ok(status(deps)) },
    receivers: { GET: (request, tenant) => getReceivers(tenant, request, mode) },
    alerts: {
      GET: (request, tenant) => getAlerts(tenant, request, mode, clock.wall()),
      POST: (request, tenant) => postAlerts(tenant, reader, request, request.headers['traceparent'] ?? ''),
    },
    'alerts/groups': { GET: (request, tenant) => getGroups(tenant, request, mode, clock.wall()) },
    silences: {
      GET: (request, tenant) => getSilences(tenant, request, settings, clock.wall(), timers),
      POST: (request, tenant) => postSilence(tenant, request, settings, clock.wall(), newId),
    },
    'silence/{silenceID}': {
      GET: (request, tenant, id) => withSilence(tenant, request, id, settings, clock.wall()),
      DELETE: (request, tenant, id) => withSilence(tenant, request, id, settings, clock.wall()),
    },
    'config/validate': { POST: (request) => validateConfiguration(turns, deps.judgeConfiguration, request) },
    'openapi.json': {
      GET: () => okJson((document ??= `${JSON.stringify(openApiDocument(settings.version.version))}\n`)),
    },
    'tocsin/alerts': {
      GET: (request, tenant) => getAlertPage(tenant, request, mode, clock.wall(), timers),
    },
    'tocsin/alerts/counts': {
      GET: (request, tenant) => getAlertCounts(tenant, request, mode, clock.wall(), { timers, meter }),
    },
    'tocsin/silences': {
      GET: (request, tenant) => getSilencePage(tenant, request, settings, clock.wall(), timers),
    },
    'tocsin/watch': { GET: (request, tenant) => watch(watches, tenant, request, parts) },
    'tocsin/events': { GET: (request) => ok(events(deps, request)) },
    'tocsin/explain': { GET: (request, tenant) => ok(explain(parts, tenant, request)) },
    'tocsin/preview': { GET: (request, tenant) => ok(preview(parts, tenant, request)) },
    'tocsin/cluster': { GET: () => ok(parts.cluster.view()) },
    'tocsin/status': { GET: () => ok(ownStatus(deps)) },
  };
}

interface Endpoint {
  readonly run: Route;
  readonly consumes: readonly string[];
  /** What its good answer is; the first is the default. */
  readonly produces: string;
}
type Endpoints = ReadonlyMap<string, ReadonlyMap<string, Endpoint>>;

/** The routes with what their descriptions say about media types. */
function endpointsOf(routes: Routes): Endpoints {
  return new Map(
    Object.entries(operations).map(([path, methods]) => {
      const runs = routes[path as keyof Routes] as Readonly<Record<string, Route>>;
      const endpoints = Object.entries(methods as Readonly<Record<string, Operation>>).map(
        ([method, operation]): readonly [string, Endpoint] => {
          const run = runs[method];
          assert(run !== undefined, `${method} ${path} has no route`);
          const consumes = Object.keys(operation.requestBody?.content ?? { [JSON_TYPE]: {} });
          const [produces = JSON_TYPE] = Object.keys(operation.responses['200']?.content ?? {});
          return [method, { run, consumes, produces }];
        },
      );
      return [path, new Map(endpoints)];
    }),
  );
}

function answerV2(deps: HttpApiDeps, endpoints: Endpoints, request: HttpRequest): Answer {
  // Relative, because the route prefix is not known here.
  if (request.path === '/api/v2') return { ...text(301, ''), headers: { Location: 'v2/' } };
  const preflight = preflightOf(request);
  if (preflight !== undefined) return preflight;
  return routeV2(deps, endpoints, request);
}

function readableAcross(answer: HttpResponse): HttpResponse {
  return { ...answer, headers: { ...answer.headers, ...acrossHeaders } };
}

function routeV2(deps: HttpApiDeps, endpoints: Endpoints, request: HttpRequest): Answer {
  const path = cleanPath(request.path).slice('/api/v2/'.length);
  const id = /^silence\/([^/]+)$/.exec(path)?.[1];
  const route = id === undefined ? path : 'silence/{silenceID}';
  const methods = endpoints.get(route);
  if (methods === undefined || path.includes('{'))
    return malformed(404, 404, `path ${request.path} was not found`);
  const endpoint = methods.get(request.method);
  if (endpoint === undefined) {
    const allowed = [...methods.keys()].sort(compareUtf8).join(',');
    return malformed(405, 405, `method ${request.method} is not allowed, but [${allowed}] are`, {
      Allow: allowed,
    });
  }
  return unfit(endpoint, request) ?? answered(deps, endpoint, route, request, id ?? '');
}

function answered(
  deps: HttpApiDeps,
  { run }: Endpoint,
  route: string,
  request: HttpRequest,
  argument: string,
): Answer {
  const { tracer } = deps.parts;
  const handler = tracer.isOn ? HANDLERS.get(`${request.method} ${route}`) : undefined;
  if (handler === undefined) return run(request, deps.tenantOf(''), argument);
  const parent = request.headers['traceparent'] ?? '';
  return inSpan(tracer, `api.${handler}Handler`, { parent }, ({ traceparent }) =>
    run({ ...request, headers: { ...request.headers, traceparent } }, deps.tenantOf(''), argument),
  );
}

/** As upstream names them in spans. */
const HANDLERS: ReadonlyMap<string, string> = new Map([
  ['GET status', 'getStatus'],
  ['GET receivers', 'getReceivers'],
  ['GET alerts', 'getAlerts'],
  ['POST alerts', 'postAlerts'],
  ['GET alerts/groups', 'getAlertGroups'],
  ['GET silences', 'getSilences'],
  ['POST silences', 'postSilences'],
  ['GET silence/{silenceID}', 'getSilence'],
  ['DELETE silence/{silenceID}', 'deleteSilence'],
]);

/** Refuses what the media types of a request forbid. Upstream looks at what is wanted only when nothing is sent. */
function unfit({ consumes, produces }: Endpoint, request: HttpRequest): HttpResponse | undefined {
  if (!hasBody(request)) {
    if (accepts(request.headers['accept'], produces)) return undefined;
    if (request.method === 'POST') return undefined;
    return malformed(406, 406, `unsupported media type requested, only [${produces}] are available`);
  }
  const type = mediaTypeOf(request);
  if (type === undefined) {
    const given = JSON.stringify(request.headers['content-type'] ?? '');
    return malformed(
      400,
      400,
      `parsing Content-Type header from ${given} failed, because mime: invalid media parameter`,
    );
  }
  if (consumes.includes(type)) return undefined;
  return malformed(
    415,
    415,
    `unsupported media type ${JSON.stringify(type)}, only [${consumes.join(' ')}] are allowed`,
  );
}

function getReceivers(
  tenant: TenantAlertmanager,
  request: HttpRequest,
  mode: AlertmanagerSettings['matcherMode'],
): HttpResponse {
  const matchers = receiverMatchers(request, mode);
  const found = tenant.configuration.receivers.filter(({ labels }) => matchesAll(matchers, labels));
  return ok(found.map(({ name, labels }) => ({ labels: Object.fromEntries(labels.pairs), name })));
}

/** Of an event, in a header or in the query: longer is none of ours. */
const EVENT_ID_LENGTH_MAX = 256;

function watch(
  watches: WatchHub,
  tenant: TenantAlertmanager,
  request: HttpRequest,
  { clock, settings }: AlertmanagerParts,
): HttpResponse {
  const view = new WatchView(request, { clock, settings });
  const seen = request.headers['last-event-id'] ?? last(request, 'lastEventId') ?? '';
  const after = seen === '' ? undefined : seen.slice(0, EVENT_ID_LENGTH_MAX);
  return eventStream(watches.open(tenant, view, after));
}

function answerPlain(
  deps: HttpApiDeps,
  page: ReturnType<typeof pageHandler>,
  request: HttpRequest,
  path: string,
): Answer {
  const { method } = request;
  if (path === '/-/healthy' || path === '/-/ready') {
    if (method !== 'GET' && method !== 'HEAD') return otherMethod(method, 'GET,HEAD,OPTIONS');
    // Upstream is ready at once; who asks for the state hears when notifications may start.
    if (path === '/-/ready' && last(request, 'state') === '1' && !deps.isReady()) {
      return text(503, 'settling: notifications start when the gate opens\n');
    }
    return text(200, method === 'HEAD' ? '' : 'OK');
  }
  if (path === '/-/reload') {
    if (method !== 'POST') return otherMethod(method, 'OPTIONS,POST');
    return reloaded(deps);
  }
  if (/^\/api\/v1\/(status|receivers|alerts|silences|silence\/[^/]+)$/.test(path)) {
    return {
      status: 410,
      headers: { 'Content-Type': 'application/json' },
      body: `${JSON.stringify({ status: 'deprecated', error: V1_GONE })}\n`,
    };
  }
  return page(request) ?? text(404, '404 page not found\n', { 'X-Content-Type-Options': 'nosniff' });
}

async function reloaded(deps: HttpApiDeps): Promise<HttpResponse> {
  try {
    await deps.reload();
    return text(200, '');
  } catch (error) {
    return text(500, `failed to reload config: ${messageOf(error)}\n`, {
      'X-Content-Type-Options': 'nosniff',
    });
  }
}

/** As upstream: OPTIONS is answered, others are refused, and both are told what there is. */
const otherMethod = (method: string, allow: string): HttpResponse =>
  method === 'OPTIONS'
    ? { status: 200, headers: { Allow: allow }, body: '' }
    : text(405, 'Method Not Allowed\n', { Allow: allow, 'X-Content-Type-Options': 'nosniff' });

function status({ parts, tenantOf, startedAt }: HttpApiDeps): unknown {
  const { name } = parts.cluster;
  const view = parts.cluster.view();
  const isOn = view.status !== 'disabled';
  return {
    cluster: {
      ...(isOn ? { name } : {}),
      peers: view.members.map((member) => ({ address: member.address, name: member.name })),
      status: view.status,
    },
    config: { original: tenantOf('').configuration.rendered },
    uptime: formatMillis(instantOf(startedAt)),
    versionInfo: parts.settings.version,
  };
}

/** What upstream's status can't say. */
function ownStatus({ parts, startedAt, isReady, configurationStatus, tenantOf }: HttpApiDeps): unknown {
  const { alerts, log, groupCount } = tenantOf('');
  return {
    replica: parts.settings.replica,
    version: parts.settings.version.version,
    startedAt,
    isReady: isReady(),
    configuration: configurationStatus(),
    counts: { alerts: alerts.size, groups: groupCount, silences: log.silences.size },
  };
}

function events({ parts }: HttpApiDeps, request: HttpRequest): unknown {
  const wanted = last(request, 'limit') ?? '100';
  const limit = Number(wanted);
  if (!Number.isInteger(limit) || limit < 1 || limit > EVENTS_MAX) {
    throw AppError.invalid(
      `limit: expected a whole number from 1 to ${EVENTS_MAX}, found ${JSON.stringify(wanted)}`,
    );
  }
  const type = last(request, 'type') as Decision['type'] | undefined;
  const fingerprint = last(request, 'fingerprint');
  const groupKey = last(request, 'group_key');
  const notificationId = last(request, 'notification_id');
  const afterId = last(request, 'after');
  return parts.events.query({
    limit,
    ...(type === undefined ? {} : { type }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(groupKey === undefined ? {} : { groupKey }),
    ...(notificationId === undefined ? {} : { notificationId }),
    ...(afterId === undefined ? {} : { afterId }),
  });
}
