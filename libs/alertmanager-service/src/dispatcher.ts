/**
 * @module alertmanager-service/dispatcher
 *
 * Aggregation groups and their timers (spec/alertmanager.md 4.2 to 4.4). One group per route and
 * group labels; one flush of a group at a time. What a flush does is the pipeline's (pipeline.ts);
 * when it happens and what stays in the group afterwards is decided here, by the rules of
 * `alerting/group`.
 *
 * Invariants
 *  - the timer is re-armed before the flush starts, so ticks don't drift with delivery time;
 *  - a tick that comes due during a flush runs right after it, once; those before the gate are one;
 *  - a resolved alert leaves the group only after a flush that succeeded and that included it;
 *  - after a reload the successor of a group waits for the flush of its predecessor, so that no group
 *    is ever sent twice at once; what that flush left undone is done right after it.
 */
import {
  alertsToDrop,
  compareLabelSets,
  explainRoutes,
  firstFlushDelay,
  flushSnapshot,
  groupKey,
  groupLabels,
  matchRoutes,
  restoredTimer,
  type FlushAlert,
  type RouteNode,
} from '@tocsin/alerting';
import {
  compareUtf8,
  type Cancel,
  type Clock,
  type Logger,
  type Meter,
  type Timers,
  type WallMs,
} from '@tocsin/kernel';
import { isResolvedAt, type Alert, type Fingerprint, type LabelSet, type Tenant } from '@tocsin/model';
import type { Emit } from './emit.ts';
import { about } from './flush-context.ts';
import type { GroupState } from './group-state.ts';
import { alertmanagerMetrics as metrics } from './metrics.ts';
import type { Observer } from './recorder/observer.ts';

/** What one turn of the loop starts at most, in alerts. */
const TURN_BUDGET = 250;
/** Of a flush, whatever is in it. */
const FLUSH_COST = 10;

export interface Group {
  readonly id: string;
  readonly tenant: Tenant;
  readonly route: RouteNode;
  readonly labels: LabelSet;
  readonly key: string;
  readonly alerts: Map<Fingerprint, Alert>;
  /** Rises when an alert joins or leaves; one that is sent again changes nothing here. */
  membersVersion: number;
  /** Names of the time intervals that muted the last flush. */
  mutedBy: readonly string[];
  /** Rises by one with each timer firing. */
  flushes: number;
  lastFlushAt: WallMs | undefined;
  nextFlushAt: WallMs;
  /** When the flush that runs began; undefined between flushes. */
  flushingSince: WallMs | undefined;
  isGone: boolean;
}

/** Runs one flush; true when everything that had to be sent was, so that resolved alerts may go. Never rejects. */
export type Flush = (group: Group, alerts: readonly FlushAlert[], now: WallMs) => Promise<boolean>;

/** What a group is resumed from: a stored row, or its predecessor before a reload. */
export interface ResumedGroup extends GroupState {
  /** The predecessor's flush, while it runs; resolves with whether everything was sent. */
  readonly underWay?: Promise<boolean> | undefined;
}

interface Runner {
  readonly group: Group;
  cancelTimer: Cancel;
  /** The flush that runs. */
  underWay: Promise<boolean> | undefined;
  /** Every alert of the flush that runs is resolved, and none has come since: after it the group is gone. */
  isEnding: boolean;
  isTickDue: boolean;
  /** Due, and not started yet because this turn has enough to do. */
  isWaiting: boolean;
  /** A tick of the grid that the ticks before a restart or reload lay on. */
  gridAt: WallMs | undefined;
  /** Of alerts whose first group this is; nearly all are in one and the same set of groups. */
  memberships: readonly Membership[];
}

interface Deps {
  readonly tenant: Tenant;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly emit: Emit;
  readonly observer: Observer;
  /** Groups held at most. */
  readonly groupsMax: number;
  readonly flush: Flush;
  /** Undefined: notifications may start. Else resolves when they may, with false when they never will. */
  readonly whenOpen: () => Promise<boolean> | undefined;
  /** Wall-clock instant before which no group flushes (`--dispatch.start-delay`). */
  readonly startAt: WallMs;
  /** What is stored of a group that this process has not seen yet. */
  readonly restore: (routeId: string, key: string) => ResumedGroup | undefined;
  /** The groups that held an alert before the reload that is under way. */
  readonly groupsBefore: (fingerprint: Fingerprint) => readonly Group[];
  /** Whether a group must be made for a resolved alert, because somebody was told that it fires. */
  readonly isEndUntold: (route: RouteNode, key: string, alert: Alert) => boolean;
  /** The group was flushed: its timer state is worth keeping. */
  readonly onFlushed: (group: Group) => void;
  readonly onGone: (group: Group) => void;
}

/** Shared by the alerts that are in the same groups. */
interface Membership {
  readonly runners: readonly Runner[];
  /** All groups it belongs in hold it. False: one could not be made, or has told its end; the next one finds its way anew. */
  readonly isComplete: boolean;
}

/** Where an alert goes under one configuration. */
export interface Routing {
  /** The dispatcher's `routingKey`; not itself, which would live on after a reload. */
  readonly key: object;
  /** Of the routes in tree order; the same one may come several times. */
  readonly receivers: readonly string[];
}

/** Combinations of routes remembered; a tree has seldom more than a few hundred. */
const ROUTINGS_MAX = 10_000;
/** Sets of groups remembered for sharing, by their first group. */
const MEMBERSHIPS_SHARED_MAX = 8;

export class Dispatcher {
  /** Marks what was routed by this dispatcher. */
  readonly routingKey: object = {};
  readonly #deps: Deps;
  readonly #root: RouteNode;
  readonly #runners = new Map<string, Runner>();
  /** Routing is remembered per alert: a re-send must not walk the tree again. */
  readonly #memberships = new Map<Fingerprint, Membership>();
  readonly #running = new Set<Promise<boolean>>();
  readonly #routings = new Map<string, Routing>();
  #ordered: readonly Group[] | undefined;
  #isStopped = false;
  /** Due, in the order in which they fell due. */
  #waiting: Runner[] = [];
  /** Alerts that flushes started in this turn look at, and `FLUSH_COST` for each. */
  #spentInTurn = 0;

  constructor(root: RouteNode, deps: Deps) {
    this.#root = root;
    this.#deps = deps;
  }

  get groups(): readonly Group[] {
    return [...this.#runners.values()].map((runner) => runner.group);
  }

  /** By group labels, then receiver: the order of `GET alerts/groups`. */
  get orderedGroups(): readonly Group[] {
    return (this.#ordered ??= this.groups.toSorted(
      (a, b) => compareLabelSets(a.labels, b.labels) || compareUtf8(a.route.receiver, b.route.receiver),
    ));
  }

  get groupCount(): number {
    return this.#runners.size;
  }

  /** The groups an alert is in now. */
  groupsOf(fingerprint: Fingerprint): readonly Group[] {
    const { runners } = this.#memberships.get(fingerprint) ?? { runners: [] };
    return runners.filter((runner) => holds(runner, fingerprint)).map((runner) => runner.group);
  }

  /** The same groups, for an alert that has not ended; one list for all alerts that are in the same groups. */
  groupsTogether(fingerprint: Fingerprint): readonly Pick<Runner, 'group'>[] {
    return this.#memberships.get(fingerprint)?.runners ?? [];
  }

  /** The routes an alert takes; one object for all alerts that take the same. */
  routingOf({ labels }: Pick<Alert, 'labels'>): Routing {
    const routes = matchRoutes(this.#root, labels);
    const id = routes.map((route) => route.id).join('\u0000');
    let routing = this.#routings.get(id);
    if (routing === undefined) {
      if (this.#routings.size >= ROUTINGS_MAX) this.#routings.clear();
      routing = { key: this.routingKey, receivers: routes.map(({ receiver }) => receiver) };
      this.#routings.set(id, routing);
    }
    return routing;
  }

  insert(alert: Alert): void {
    if (this.#isStopped) return;
    const fingerprint = alert.labels.fingerprint;
    const known = this.#memberships.get(fingerprint);
    if (known?.isComplete === true) {
      for (const runner of known.runners) this.#put(runner, alert);
      return;
    }
    const routes = matchRoutes(this.#root, alert.labels);
    const runners = routes.flatMap((route) => this.#join(route, alert) ?? []);
    // A resolve that nobody waits for is sent again for minutes: nothing is decided about it.
    if (runners.length === 0 && isResolvedAt(alert, this.#deps.clock.wall())) return;
    const [first] = runners;
    if (first !== undefined)
      this.#memberships.set(fingerprint, sharedMembership(first, runners, runners.length === routes.length));
    if (!this.#isAsBefore(fingerprint, runners)) this.#explain(alert, runners);
  }

  /** A reload that leaves an alert where it was is no news; that of a hundred thousand would bury all other events. */
  #isAsBefore(fingerprint: Fingerprint, runners: readonly Runner[]): boolean {
    const before = this.#deps.groupsBefore(fingerprint);
    return (
      before.length > 0 &&
      before.length === runners.length &&
      runners.every(
        ({ group }, index) =>
          group.id === before[index]?.id && group.route.receiver === before[index]?.route.receiver,
      )
    );
  }

  #explain(alert: Alert, runners: readonly Runner[]): void {
    const { refused } = explainRoutes(this.#root, alert.labels);
    this.#deps.emit(
      this.#deps.tenant,
      {
        type: 'alert-routed',
        fingerprint: alert.labels.fingerprint,
        routes: runners.map(({ group }) => ({
          routeId: group.route.id,
          receiver: group.route.receiver,
          groupKey: group.key,
        })),
        refused,
      },
      alert.traceparent,
    );
  }

  #join(route: RouteNode, alert: Alert): Runner | undefined {
    const labels = groupLabels(route, alert.labels);
    const key = groupKey(route, labels);
    // The key alone is not unique: two routes may have the same matchers.
    const id = `${route.id}\u0000${key}`;
    let runner = this.#runners.get(id);
    if (runner === undefined) {
      const isOver = isResolvedAt(alert, this.#deps.clock.wall());
      if (isOver && !this.#deps.isEndUntold(route, key, alert)) return undefined;
      if (this.#runners.size >= this.#deps.groupsMax) {
        this.#deps.meter.add(metrics.groupLimit, 1, {});
        this.#deps.emit(this.#deps.tenant, {
          type: 'dropped-at-limit',
          limit: 'groupsMax',
          value: this.#deps.groupsMax,
          what: key,
        });
        this.#deps.logger.error(
          'Too many aggregation groups; the alert is in no group. Group by fewer labels',
          { alert: alert.labels.toString(), limit: this.#deps.groupsMax },
        );
        return undefined;
      }
      runner = this.#create(id, route, labels, key, alert);
    }
    this.#put(runner, alert);
    return runner;
  }

  /**
   * Whoever is earlier in turn has ended such a group already and makes a new one for this alert; the
   * replicas that still wait must begin anew too, or their rhythms part.
   */
  #put(runner: Runner, alert: Alert): void {
    const now = this.#deps.clock.wall();
    const { group } = runner;
    const before = group.alerts.size;
    group.alerts.set(alert.labels.fingerprint, alert);
    if (group.alerts.size !== before) group.membersVersion++;
    this.#deps.observer.grouped(alert, group);
    if (!runner.isEnding || isResolvedAt(alert, now)) return;
    runner.isEnding = false;
    runner.isTickDue = false;
    runner.gridAt = undefined;
    this.#arm(
      runner,
      Math.max(now + firstFlushDelay(alert, runner.group.route, now), this.#deps.startAt),
      now,
    );
  }

  #arm(runner: Runner, at: WallMs, now: WallMs): void {
    runner.cancelTimer();
    runner.group.nextFlushAt = at;
    runner.cancelTimer = this.#deps.timers.after(at - now, () => this.#tick(runner));
  }

  #create(id: string, route: RouteNode, labels: LabelSet, key: string, alert: Alert): Runner {
    const { clock, tenant, startAt } = this.#deps;
    const now = clock.wall();
    const stored = this.#deps.restore(route.id, key);
    // A group that was known before a restart keeps its rhythm; what fell due meanwhile is flushed once, now.
    const restored = stored === undefined ? undefined : restoredTimer(stored.nextFlushAt, route, now);
    const dueAt =
      restored === undefined
        ? now + firstFlushDelay(alert, route, now)
        : restored.isOverdue
          ? now
          : restored.nextTickMs;
    const nextFlushAt = Math.max(dueAt, startAt);
    const group: Group = {
      id,
      tenant,
      route,
      labels,
      key,
      alerts: new Map(),
      membersVersion: 0,
      mutedBy: [],
      flushes: stored?.flushes ?? 0,
      lastFlushAt: stored?.lastFlushAt,
      nextFlushAt,
      flushingSince: undefined,
      isGone: false,
    };
    const runner: Runner = {
      group,
      cancelTimer: () => undefined,
      underWay: undefined,
      isEnding: false,
      isTickDue: false,
      isWaiting: false,
      gridAt: restored?.nextTickMs,
      memberships: [],
    };
    this.#runners.set(id, runner);
    this.#ordered = undefined;
    if (stored?.underWay !== undefined) this.#succeed(runner, stored.underWay);
    this.#arm(runner, nextFlushAt, now);
    // One that goes on after a restart or reload is no news.
    if (stored === undefined) {
      const { pairs } = labels;
      this.#deps.emit(tenant, {
        type: 'group-created',
        groupKey: key,
        routeId: route.id,
        labels: pairs,
        flushAt: nextFlushAt,
      });
    }
    return runner;
  }

  #tick(runner: Runner): void {
    const { group } = runner;
    const now = this.#deps.clock.wall();
    const interval = group.route.groupIntervalMs;
    const next =
      runner.gridAt === undefined
        ? now + interval
        : restoredTimer(runner.gridAt, group.route, now).nextTickMs;
    runner.gridAt = undefined;
    this.#arm(runner, next, now);
    if (runner.underWay === undefined) this.#begin(runner);
    else runner.isTickDue = true;
  }

  /**
   * Starts the flush now, or in one of the next turns when this one has enough to do: groups that were
   * made together fall due together, and a thousand flushes in one turn would leave every request, and
   * every heartbeat, waiting for seconds.
   */
  #begin(runner: Runner): void {
    if (runner.isWaiting) return;
    if (this.#waiting.length > 0 || this.#spentInTurn >= TURN_BUDGET) {
      runner.isWaiting = true;
      this.#waiting.push(runner);
      return;
    }
    if (this.#spentInTurn === 0) this.#deps.timers.after(0, () => this.#nextTurn());
    this.#start(runner);
  }

  #nextTurn(): void {
    this.#spentInTurn = 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const runner of waiting) {
      if (this.#isStopped) return;
      runner.isWaiting = false;
      this.#begin(runner);
    }
  }

  #start(runner: Runner): void {
    this.#spentInTurn += FLUSH_COST + runner.group.alerts.size;
    this.#track(runner, this.#flush(runner));
  }

  /** Nothing is sent before the predecessor has ended; what it left undone is done then. */
  #succeed(runner: Runner, underWay: Promise<boolean>): void {
    const ended = underWay.then((isDone) => {
      runner.underWay = undefined;
      if (!this.#isStopped && (runner.isTickDue || !isDone)) this.#begin(runner);
      return isDone;
    });
    this.#track(runner, ended);
  }

  #track(runner: Runner, underWay: Promise<boolean>): void {
    runner.underWay = underWay;
    this.#running.add(underWay);
    void underWay.finally(() => this.#running.delete(underWay));
  }

  async #flush(runner: Runner): Promise<boolean> {
    const { group } = runner;
    const closed = this.#deps.whenOpen();
    // Whatever fell due while nothing could be sent is one flush, of what is true when it can.
    if (closed !== undefined && !(await closed)) return false;
    const now = this.#deps.clock.wall();
    runner.isTickDue = false;
    group.flushes++;
    group.flushingSince = now;
    const snapshot = flushSnapshot([...group.alerts.values()], now);
    runner.isEnding = snapshot.every(({ isResolved }) => isResolved);
    const isDone = await this.#deps.flush(group, snapshot, now);
    runner.underWay = undefined;
    runner.isEnding = false;
    group.flushingSince = undefined;
    // A stopped dispatcher has been replaced, or its state is being saved: it decides nothing any more.
    if (this.#isStopped) return isDone;
    group.lastFlushAt = now;
    if (isDone) for (const gone of alertsToDrop(group.alerts, snapshot)) this.#drop(group, gone);
    if (group.alerts.size === 0) this.#destroy(runner);
    else {
      this.#deps.onFlushed(group);
      if (runner.isTickDue) this.#begin(runner);
    }
    return isDone;
  }

  #drop(group: Group, fingerprint: Fingerprint): void {
    const alert = group.alerts.get(fingerprint);
    if (alert !== undefined) this.#deps.observer.resolved(alert, group);
    if (group.alerts.delete(fingerprint)) group.membersVersion++;
    // The next alert with these labels finds its way anew.
    const left =
      this.#memberships.get(fingerprint)?.runners.filter((runner) => holds(runner, fingerprint)) ?? [];
    const [first] = left;
    if (first === undefined) this.#memberships.delete(fingerprint);
    else this.#memberships.set(fingerprint, sharedMembership(first, left, false));
  }

  #destroy(runner: Runner): void {
    runner.cancelTimer();
    runner.group.isGone = true;
    this.#runners.delete(runner.group.id);
    this.#deps.emit(this.#deps.tenant, { type: 'group-gone', ...about(runner.group) });
    this.#ordered = undefined;
    this.#deps.onGone(runner.group);
  }

  /** No new flush starts; those that run are awaited. Groups keep what is in them. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const runner of this.#runners.values()) runner.cancelTimer();
    await Promise.all(this.#running);
  }

  /** What is known of the timers, for a successor with another route tree. */
  states(): ReadonlyMap<string, ResumedGroup> {
    const states = new Map<string, ResumedGroup>();
    for (const [id, { group, underWay, isWaiting }] of this.#runners) {
      states.set(id, {
        lastFlushAt: group.lastFlushAt,
        // The tick whose flush has not begun is the successor's.
        nextFlushAt: isWaiting ? group.nextFlushAt - group.route.groupIntervalMs : group.nextFlushAt,
        flushes: group.flushes,
        underWay,
      });
    }
    return states;
  }
}

function sharedMembership(first: Runner, runners: readonly Runner[], isComplete: boolean): Membership {
  const known = first.memberships.find(
    (each) =>
      each.isComplete === isComplete &&
      each.runners.length === runners.length &&
      each.runners.every((runner, index) => runner === runners[index]),
  );
  if (known !== undefined) return known;
  const fresh: Membership = { runners, isComplete };
  first.memberships = [fresh, ...first.memberships].slice(0, MEMBERSHIPS_SHARED_MAX);
  return fresh;
}

const holds = ({ group }: Runner, fingerprint: Fingerprint): boolean =>
  !group.isGone && group.alerts.has(fingerprint);
