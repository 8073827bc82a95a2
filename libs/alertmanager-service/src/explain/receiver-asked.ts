/** Why an alert does not reach one receiver: each route to it, and what stood in the way. */
import type { RouteExplanation, RouteNode, TriedRoute } from '@tocsin/alerting';
import type { TenantAlertmanager } from '../tenant.ts';
import type { ReceiverFacts } from './explanation.ts';

/** Routes that are told of. */
const REASONS_MAX = 20;

export function receiverFacts(
  { configuration }: TenantAlertmanager,
  { tried, matched }: RouteExplanation,
  name: string,
): ReceiverFacts {
  const found = new Map(tried.map((each) => [each.route, each]));
  const reasons: string[] = [];
  const visit = (node: RouteNode, stop: TriedRoute | undefined): void => {
    const here = stop ?? found.get(node);
    if (node.receiver === name && here !== undefined && !matched.includes(node))
      reasons.push(reasonOf(node, here));
    const isEnd = here?.outcome === 'refused' || here?.outcome === 'not-tried';
    for (const child of node.routes) visit(child, isEnd ? here : undefined);
  };
  visit(configuration.route, undefined);
  if (reasons.length === 0 && !matched.some(({ receiver }) => receiver === name))
    reasons.push(`no route names receiver ${name}`);
  return {
    name,
    isReached: matched.some(({ receiver }) => receiver === name),
    reasons: reasons.slice(0, REASONS_MAX),
  };
}

function reasonOf(node: RouteNode, { route, outcome, matcher, takenBy }: TriedRoute): string {
  const place = route === node ? `route ${node.id}` : `route ${node.id} is below route ${route.id}, which`;
  switch (outcome) {
    case 'refused':
      return `${place} refused on ${matcher ?? ''}`;
    case 'not-tried':
      return `${place} was not tried: an earlier sibling, ${takenBy?.id ?? ''} (receiver ${takenBy?.receiver ?? ''}), took the alert and does not continue`;
    case 'passed-on':
    case 'matched':
      return `${place} passed the alert on to a route below it`;
  }
}
