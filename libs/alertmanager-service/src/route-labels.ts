/**
 * @module alertmanager-service/route-labels
 *
 * Labels of routes (spec/alertmanager.md 4.3): each value is a template of the batch, as notification
 * templates see it, that may name other labels of its route. One that can't be rendered is left out and
 * logged, once for each configuration: a notification is worth more than its label.
 */
import { flushSnapshot, type FlushAlert, type RouteNode } from '@tocsin/alerting';
import { messageOf, type Logger, type WallMs } from '@tocsin/kernel';
import { LabelSet, isResolvedAt, type Alert } from '@tocsin/model';
import {
  notificationValue,
  quoteReceiver,
  routeLabelFunctions,
  type NotificationData,
  type TemplateSet,
} from '@tocsin/templating';
import type { Group } from './dispatcher.ts';

interface Deps {
  /** Those of the configuration. */
  readonly templateSet: TemplateSet;
  readonly externalUrl: string;
  readonly logger: Logger;
}

interface Shown {
  readonly alerts: readonly Alert[];
  readonly resolved: readonly boolean[];
  readonly labels: LabelSet;
}

export class RouteLabels {
  readonly #deps: Deps;
  readonly #shown = new WeakMap<Group, Shown>();
  readonly #told = new Set<string>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** For a notification of these alerts. */
  of(group: Pick<Group, 'route' | 'labels'>, alerts: readonly FlushAlert[], now: WallMs): LabelSet {
    const { labels } = group.route;
    if (labels === undefined || labels.size === 0) return LabelSet.empty;
    const options = { now };
    const data = notificationValue(dataOf(group, alerts, this.#deps.externalUrl));
    const functions = routeLabelFunctions(this.#deps.templateSet, labels, data, options);
    const rendered = [...labels].flatMap(([name, text]) => {
      try {
        const value = text.includes('{{')
          ? this.#deps.templateSet.compile('', text).execute(data, { ...options, functions })
          : text;
        return [[name, value] as const];
      } catch (error) {
        this.#failed(group.route, name, messageOf(error));
        return [];
      }
    });
    return LabelSet.of(rendered);
  }

  /** For a listing; rendered again only when the group's alerts have changed. */
  ofGroup(group: Group, now: WallMs): LabelSet {
    if (group.route.labels === undefined || group.route.labels.size === 0) return LabelSet.empty;
    const alerts = [...group.alerts.values()];
    const resolved = alerts.map((alert) => isResolvedAt(alert, now));
    const shown = this.#shown.get(group);
    if (shown !== undefined && isSame(shown.alerts, alerts) && isSame(shown.resolved, resolved))
      return shown.labels;
    const labels = this.of(group, flushSnapshot(alerts, now), now);
    this.#shown.set(group, { alerts, resolved, labels });
    return labels;
  }

  #failed(route: RouteNode, label: string, err: string): void {
    const key = `${route.id}\u0000${label}`;
    const level = this.#told.has(key) ? 'debug' : 'warn';
    this.#told.add(key);
    this.#deps.logger[level]('A label of a route can not be rendered and is left out; mend its template', {
      route: route.id,
      label,
      err,
    });
  }
}

const isSame = <T>(left: readonly T[], right: readonly T[]): boolean =>
  left.length === right.length && left.every((each, index) => each === right[index]);

function dataOf(
  { route, labels }: Pick<Group, 'route' | 'labels'>,
  alerts: readonly FlushAlert[],
  externalURL: string,
): NotificationData {
  return {
    receiver: quoteReceiver(route.receiver),
    status: alerts.some(({ isResolved }) => !isResolved) ? 'firing' : 'resolved',
    alerts: alerts.map(({ alert, isResolved, endsAt }) => ({
      status: isResolved ? 'resolved' : 'firing',
      labels: alert.labels.pairs,
      annotations: alert.annotations.pairs,
      startsAt: alert.startsAt,
      endsAt,
      generatorURL: alert.generatorUrl,
      fingerprint: alert.labels.fingerprint,
    })),
    notificationReason: 'unknown',
    groupLabels: labels.pairs,
    commonLabels: common(alerts.map(({ alert }) => alert.labels)),
    commonAnnotations: common(alerts.map(({ alert }) => alert.annotations)),
    // Nothing: they are what is being rendered.
    routeLabels: [],
    externalURL,
  };
}

function common([first, ...others]: readonly LabelSet[]): LabelSet['pairs'] {
  return (first?.pairs ?? []).filter(([name, value]) => others.every((other) => other.get(name) === value));
}
