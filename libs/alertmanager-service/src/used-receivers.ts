import type { RouteNode } from '@tocsin/alerting';

/** Receivers that a route names. */
export function usedReceivers(route: RouteNode): ReadonlySet<string> {
  const used = new Set<string>();
  const visit = (node: RouteNode): void => {
    used.add(node.receiver);
    node.routes.forEach(visit);
  };
  visit(route);
  return used;
}
