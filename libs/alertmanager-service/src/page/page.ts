/**
 * @module alertmanager-service/page
 *
 * The page for people at `/`: alerts, silences, status, made here as HTML and complete without
 * scripts. Reading looks at the same alerts, silences and groups as API v2 does; writing goes through
 * the same functions. Everything that comes from outside is put into HTML by `markup` alone.
 */
import { AppError, bodyText, messageOf, type HttpRequest, type HttpResponse } from '@tocsin/kernel';
import { refusalOf, text } from '../api/answer.ts';
import { statusOf } from '../api/live-alerts.ts';
import type { TenantAlertmanager } from '../tenant.ts';
import { alertMain, EVENTS_SHOWN } from './alert-view.ts';
import { listAlerts } from './alert-listing.ts';
import { readAlertQuery } from './alert-query.ts';
import { alertsMain, nameOf } from './alerts-view.ts';
import { assetAt } from './assets.ts';
import { answerPage, sayingPage, type News, type Page } from './layout.ts';
import { readForm, rootFrom, type Pair } from './links.ts';
import type { Names } from './parts-of-pages.ts';
import { isFromOwnPage } from './same-origin.ts';
import { silencePages } from './silence-pages.ts';
import { statusMain } from './status-view.ts';
import type { PageDeps, Visit, Visitor } from './visit.ts';

interface Place {
  readonly path: RegExp;
  readonly get?: Visitor;
  readonly post?: Visitor;
}

/** A posted form; far more than matchers and a comment need. */
const FORM_BYTES_MAX = 256 * 1024;

/** Undefined: the path is none of the page's. */
export function pageHandler(
  deps: PageDeps,
): (request: HttpRequest) => Promise<HttpResponse> | HttpResponse | undefined {
  const places = placesOf(deps);
  return (request) => {
    for (const place of places) {
      const found = place.path.exec(request.path);
      if (found !== null) return visited(deps, place, request, found[1] ?? '');
    }
    const asset = assetAt(request);
    return asset !== undefined && !isReading(request.method) ? notAllowed({ get: () => asset }) : asset;
  };
}

function placesOf(deps: PageDeps): readonly Place[] {
  const silences = silencePages(deps);
  const uuid = '([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})';
  const ofSilence = (rest: string): RegExp => new RegExp(`^/silences/${uuid}${rest}$`);
  return [
    { path: /^\/(?:alerts)?$/, get: (visit) => alertsPage(deps, visit) },
    { path: /^\/alerts\/([0-9a-f]{16})$/, get: (visit, fingerprint) => alertPage(deps, visit, fingerprint) },
    { path: /^\/silences$/, get: silences.list },
    { path: /^\/silences\/new$/, get: silences.blank, post: silences.create },
    { path: ofSilence(''), get: silences.one },
    { path: ofSilence('/edit'), get: silences.edit, post: silences.change },
    { path: ofSilence('/extend'), post: silences.extend },
    { path: ofSilence('/expire'), post: silences.expire },
    { path: /^\/status$/, get: (visit) => statusPage(deps, visit) },
  ];
}

const isReading = (method: string): boolean => method === 'GET' || method === 'HEAD';

function notAllowed({ get, post }: Pick<Place, 'get' | 'post'>): HttpResponse {
  const allow = [
    ...(get === undefined ? [] : ['GET', 'HEAD']),
    'OPTIONS',
    ...(post === undefined ? [] : ['POST']),
  ];
  return text(405, 'Method Not Allowed\n', { Allow: allow.join(','), 'X-Content-Type-Options': 'nosniff' });
}

async function visited(
  deps: PageDeps,
  place: Place,
  request: HttpRequest,
  argument: string,
): Promise<HttpResponse> {
  const visitor = isReading(request.method) ? place.get : request.method === 'POST' ? place.post : undefined;
  if (visitor === undefined) return notAllowed(place);
  const root = rootFrom(request.path);
  const show = (page: Page, status?: number): HttpResponse => answerPage(page, newsOf(deps), status);
  try {
    const fields = request.method === 'POST' ? postedFields(request, deps.parts.settings.externalUrl) : [];
    const visit: Visit = {
      request,
      tenant: deps.tenantOf(''),
      now: deps.parts.clock.wall(),
      root,
      fields,
      breathe: () => new Promise((goOn) => void deps.parts.timers.after(0, goOn)),
      show,
    };
    return await visitor(visit, argument);
  } catch (error) {
    if (error instanceof RefusedForm) return show(sayingPage(root, error.title, error.message), error.status);
    if (error instanceof AppError) {
      return show(sayingPage(root, 'That did not work', error.message), refusalOf(error).status);
    }
    deps.parts.logger.error('A page failed; please report this', {
      path: request.path,
      err: messageOf(error),
    });
    return show(sayingPage(root, 'Our mistake', 'This page failed; the log says more.'), 500);
  }
}

const newsOf = ({ configurationStatus, isReady }: PageDeps): News => ({
  isConfigurationRefused: !configurationStatus().lastReload.isSuccessful,
  isSettling: !isReady(),
});

class RefusedForm extends Error {
  override readonly name = 'RefusedForm';
  readonly status: number;
  readonly title: string;

  constructor(status: number, title: string, message: string) {
    super(message);
    this.status = status;
    this.title = title;
  }
}

function postedFields(request: HttpRequest, externalUrl: string): readonly Pair[] {
  if (!isFromOwnPage(request, externalUrl)) {
    throw new RefusedForm(
      403,
      'Not from this page',
      'Forms are taken from this page only, and the request does not say that it comes from there. ' +
        'Behind a proxy, set --web.external-url, or let it keep the Host header; programs use the API.',
    );
  }
  const type = request.headers['content-type'] ?? '';
  if (!/^\s*application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
    throw new RefusedForm(
      415,
      'Not a form',
      `content-type: expected application/x-www-form-urlencoded, found ${JSON.stringify(type)}`,
    );
  }
  if (request.body.length > FORM_BYTES_MAX)
    throw new RefusedForm(413, 'Too long', `form larger than ${FORM_BYTES_MAX} bytes`);
  const fields = readForm(bodyText(request));
  if (fields === undefined) throw new RefusedForm(400, 'Not a form', 'the form has a broken escape');
  return fields;
}

async function alertsPage({ parts }: PageDeps, visit: Visit): Promise<HttpResponse> {
  const { request, tenant, now, root, breathe, show } = visit;
  const read = readAlertQuery(request, parts.settings.matcherMode);
  const listing = await listAlerts(tenant, read.query, now, breathe);
  const receivers = tenant.configuration.receivers.map(({ name }) => name);
  const main = alertsMain({ read, listing, receivers, names: namesOf(tenant), now });
  return show({ title: 'Alerts', place: 'alerts', root, main }, read.mistake === undefined ? 200 : 400);
}

const namesOf = (tenant: TenantAlertmanager): Names => ({
  silence: (id) => tenant.log.silences.get(id)?.comment,
  alert: (fingerprint) => {
    const alert = tenant.alerts.get(fingerprint);
    return alert === undefined ? undefined : nameOf(alert.labels);
  },
});

function alertPage({ parts }: PageDeps, visit: Visit, fingerprint: string): HttpResponse {
  const { tenant, now, root, show } = visit;
  const alert = tenant.alerts.get(fingerprint);
  if (alert === undefined) {
    const why = 'This replica does not hold this alert: it is over, or was never here.';
    return show(sayingPage(root, 'No such alert', why), 404);
  }
  const groups = tenant.groups.filter((group) => group.alerts.has(fingerprint));
  const isMuted = groups.length > 0 && groups.every(({ mutedBy }) => mutedBy.length > 0);
  const mutedBy = isMuted ? [...new Set(groups.flatMap((group) => group.mutedBy))] : [];
  const { events } = parts.events.query({ fingerprint, limit: EVENTS_SHOWN });
  const status = statusOf(tenant, alert, mutedBy, now);
  const main = alertMain({ alert, status, groups, events, names: namesOf(tenant), now });
  return show({ title: alert.labels.get('alertname') ?? 'Alert', place: 'alerts', root, main });
}

function statusPage(
  { parts, startedAt, isReady, configurationStatus }: PageDeps,
  visit: Visit,
): HttpResponse {
  const { tenant, now, root, show } = visit;
  const main = statusMain({
    version: parts.settings.version,
    startedAt,
    isReady: isReady(),
    cluster: parts.cluster.view(),
    name: parts.cluster.name,
    loading: configurationStatus(),
    warnings: tenant.configuration.warnings,
    configuration: tenant.configuration.rendered,
    held: { alerts: tenant.alerts.size, groups: tenant.groupCount, silences: tenant.log.silences.size },
    now,
  });
  return show({ title: 'Status', place: 'status', root, main });
}
