import type { ClusterPort } from '@tocsin/cluster';
import type {
  Clock,
  Logger,
  Meter,
  Random,
  ReadDocument,
  RpcLink,
  StateStore,
  Timers,
  Tracer,
} from '@tocsin/kernel';
import type { Decision, DecisionEvent, EventSink } from '@tocsin/model';
import type { AlertmanagerSettings } from './settings.ts';

/** The newest events, for `/api/v2/tocsin/events`. */
export interface EventLog {
  query(filter: EventFilter): EventAnswer;
}
export interface EventFilter {
  readonly type?: Decision['type'];
  readonly fingerprint?: string;
  readonly groupKey?: string;
  readonly notificationId?: string;
  /** Only events younger than this one. */
  readonly afterId?: string;
  readonly limit?: number;
}
export interface EventAnswer {
  /** Oldest first. */
  readonly events: readonly DecisionEvent[];
  readonly lastId: string;
  /** `afterId` is no longer kept: events between may have been missed. */
  readonly isGap: boolean;
}

export interface TemplateFile {
  readonly name: string;
  readonly text: string;
}

/** Everything an alertmanager needs from outside. The app binds it to Node, the simulator to its virtual world. */
export interface AlertmanagerParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly tracer: Tracer;
  readonly settings: AlertmanagerSettings;
  readonly store: StateStore;
  readonly cluster: ClusterPort;
  /** One link to each receivers replica; the one in-process when none is configured. */
  readonly receivers: readonly RpcLink[];
  readonly events: EventSink & EventLog;
  /** The text of `--config.file`. */
  readonly readConfiguration: () => Promise<string>;
  readonly readDocument: ReadDocument;
  /** The files that `templates:` names, relative to the folder of the configuration. */
  readonly readTemplates: (globs: readonly string[]) => Promise<readonly TemplateFile[]>;
  /** What a receivers replica would refuse in these settings; undefined when nothing. */
  readonly settingsMistake: (integration: string, settingsJson: string) => string | undefined;
}
