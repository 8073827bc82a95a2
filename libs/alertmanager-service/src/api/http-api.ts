/**
 * @module alertmanager-service/api
 *
 * The HTTP face: API v2 as upstream answers it (spec/alertmanager.md chapter 7), health and reload,
 * and what only we have under `/api/v2/tocsin/`. Paths come without the route prefix.
 */
import {
  AppError,
  compareUtf8,
  messageOf,
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
} from '@tocsin/kernel';
import { formatMillis, instantOf, type Decision, type Tenant } from '@tocsin/model';
import { matchesAll } from '@tocsin/alerting';
import type { ConfigurationStatus } from '../configuration-loader.ts';
import type { Emit } from '../emit.ts';
import { pageHandler } from '../page/page.ts';
import { explain } from '../explain/explain.ts';
import { preview } from '../explain/preview.ts';
import type { AlertmanagerParts } from '../parts.ts';
import type { TenantAlertmanager } from '../tenant.ts';
import { AlertReader } from './alert-reader.ts';
import { getAlerts, getGroups, postAlerts } from './alerts-api.ts';
import { Malformed, malformed, ok, refusalOf, refused, text } from './answer.ts';
import { last, receiverMatchers } from './query.ts';
import { getSilences, postSilence, withSilence } from './silences-api.ts';
import { inSpan } from '../traced-http.ts';

export interface HttpApiDeps {
  readonly parts: AlertmanagerParts;
  readonly tenantOf: (tenant: Tenant) => TenantAlertmanager;
  readonly reload: () => Promise<void>;
  readonly emit: Emit;
  readonly isReady: () => boolean;
  readonly configurationStatus: () => ConfigurationStatus;
  readonly startedAt: number;
  readonly newId: () => string;
}

type Answer = HttpResponse | Promise<HttpResponse>;
type Route = (request: HttpRequest, tenant: TenantAlertmanager, argument: string) => Answer;
type Methods = Readonly<Record<string, Route>>;

/** Events that one request may ask for. */
const EVENTS_MAX = 1_000;
const V1_GONE =
  'The Alertmanager v1 API was deprecated in version 0.16.0 and is removed as of version 0.27.0 - please use the equivalent route in the v2 API';

export function httpApi(deps: HttpApiDeps): HttpHandler {
  const v2 = v2Routes(deps);
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
  // Most answers are there at once; a promise for each would cost a small POST a tenth of its time.
  return (request) => {
    try {
      const isV2 = request.path.startsWith('/api/v2/') || request.path === '/api/v2';
      const answer = isV2 ? answerV2(deps, v2, request) : answerPlain(deps, page, request);
      return answer instanceof Promise ? answer.catch((error: unknown) => failed(request, error)) : answer;
    } catch (error) {
      return failed(request, error);
    }
  };
}

function v2Routes(deps: HttpApiDeps): ReadonlyMap<string, Methods> {
  const { parts, newId } = deps;
  const { clock, settings } = parts;
  const mode = settings.matcherMode;
  const reader = new AlertReader(mode);
  return new Map<string, Methods>([
    ['status', { GET: () => ok(status(deps)) }],
    [
      'receivers',
      {
        GET: (request, tenant) => {
          const matchers = receiverMatchers(request, mode);
          const found = tenant.configuration.receivers.filter(({ labels }) => matchesAll(matchers, labels));
          return ok(found.map(({ name, labels }) => ({ labels: Object.fromEntries(labels.pairs), name })));
        },
      },
    ],
    [
      'alerts',
      {
        GET: (request, tenant) => getAlerts(tenant, request, mode, clock.wall()),
        POST: (request, tenant) => postAlerts(tenant, reader, request, request.headers['traceparent'] ?? ''),
      },
    ],
    ['alerts/groups', { GET: (request, tenant) => getGroups(tenant, request, mode, clock.wall()) }],
    [
      'silences',
      {
        GET: (request, tenant) => getSilences(tenant, request, settings, clock.wall()),
        POST: (request, tenant) => postSilence(tenant, request, settings, clock.wall(), newId),
      },
    ],
    [
      'silence/',
      {
        GET: (request, tenant, id) => withSilence(tenant, request, id, settings, clock.wall()),
        DELETE: (request, tenant, id) => withSilence(tenant, request, id, settings, clock.wall()),
      },
    ],
    ['tocsin/events', { GET: (request) => ok(events(deps, request)) }],
    ['tocsin/explain', { GET: (request, tenant) => ok(explain(parts, tenant, request)) }],
    ['tocsin/preview', { GET: (request, tenant) => ok(preview(parts, tenant, request)) }],
    ['tocsin/cluster', { GET: () => ok(parts.cluster.view()) }],
    ['tocsin/status', { GET: () => ok(ownStatus(deps)) }],
  ]);
}

function answerV2(deps: HttpApiDeps, routes: ReadonlyMap<string, Methods>, request: HttpRequest): Answer {
  if (request.path === '/api/v2') return { ...text(301, ''), headers: { Location: '/api/v2/' } };
  const preflight = preflightOf(request);
  if (preflight !== undefined) return preflight;
  if (request.headers['origin'] === undefined) return routeV2(deps, routes, request);
  return withOrigin(deps, routes, request);
}

async function withOrigin(
  deps: HttpApiDeps,
  routes: ReadonlyMap<string, Methods>,
  request: HttpRequest,
): Promise<HttpResponse> {
  const answer = await routeV2(deps, routes, request);
  return { ...answer, headers: { ...answer.headers, 'Access-Control-Allow-Origin': '*' } };
}

function routeV2(deps: HttpApiDeps, routes: ReadonlyMap<string, Methods>, request: HttpRequest): Answer {
  const path = request.path.slice('/api/v2/'.length);
  const [key, argument] = path.startsWith('silence/')
    ? ['silence/', path.slice('silence/'.length)]
    : [path, ''];
  const methods = routes.get(key);
  if (methods === undefined) return malformed(404, 404, `path ${request.path} was not found`);
  const route = methods[request.method];
  if (route === undefined) {
    const allowed = Object.keys(methods).sort(compareUtf8).join(',');
    return malformed(405, 405, `method ${request.method} is not allowed, but [${allowed}] are`, {
      Allow: allowed,
    });
  }
  if (!acceptsJson(request)) {
    return malformed(406, 406, 'unsupported media type requested, only [application/json] are available');
  }
  if (request.method === 'POST' && !isJson(request)) {
    const type = (request.headers['content-type'] ?? 'application/octet-stream').split(';')[0]?.trim() ?? '';
    return malformed(
      415,
      415,
      `unsupported media type ${JSON.stringify(type)}, only [application/json] are allowed`,
    );
  }
  const { tracer } = deps.parts;
  const handler = tracer.isOn ? HANDLERS.get(`${request.method} ${key}`) : undefined;
  if (handler === undefined) return route(request, deps.tenantOf(''), argument);
  const parent = request.headers['traceparent'] ?? '';
  return inSpan(tracer, `api.${handler}Handler`, { parent }, ({ traceparent }) =>
    route({ ...request, headers: { ...request.headers, traceparent } }, deps.tenantOf(''), argument),
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
  ['GET silence/', 'getSilence'],
  ['DELETE silence/', 'deleteSilence'],
]);

const isJson = (request: HttpRequest): boolean =>
  /^\s*application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '');
const acceptsJson = (request: HttpRequest): boolean => {
  const accept = request.headers['accept'];
  return accept === undefined || accept.trim() === '' || /application\/(json|\*)|\*\/\*/i.test(accept);
};

// DELETE is not granted, as upstream does not grant it: a page of another origin may not end a silence.
function preflightOf(request: HttpRequest): HttpResponse | undefined {
  const asked = request.headers['access-control-request-method'];
  if (request.method !== 'OPTIONS' || request.headers['origin'] === undefined || asked === undefined)
    return undefined;
  const vary = { Vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers' };
  if (!['GET', 'POST', 'HEAD'].includes(asked)) return { status: 204, headers: vary, body: '' };
  const wanted = request.headers['access-control-request-headers'];
  return {
    status: 204,
    headers: {
      ...vary,
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Allow-Methods': asked,
      ...(wanted === undefined ? {} : { 'Access-Control-Allow-Headers': wanted }),
    },
    body: '',
  };
}

function answerPlain(deps: HttpApiDeps, page: ReturnType<typeof pageHandler>, request: HttpRequest): Answer {
  const { path, method } = request;
  if (path === '/-/healthy' || path === '/-/ready') {
    if (method !== 'GET' && method !== 'HEAD') return otherMethod(method, 'GET,HEAD,OPTIONS');
    // Upstream is ready at once; who asks for the state hears when notifications may start.
    if (path === '/-/ready' && last(request, 'state') === '1' && !deps.isReady()) {
      return text(503, 'settling: notifications start when the gate opens\n');
    }
    return text(200, 'OK');
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
