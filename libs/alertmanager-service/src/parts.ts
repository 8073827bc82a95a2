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
import type { EventLog } from '@tocsin/model';
import type { RecorderMeans } from './recorder/event-recorder.ts';
import type { AlertmanagerSettings } from './settings.ts';

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
  /** Takes the decisions, and answers `/api/v2/tocsin/events`. */
  readonly events: EventLog;
  /**
   * Makes ready what the `tracing` section asks for (undefined: there is none); the result swaps to it.
   * Rejects with AppError. Absent: the section has no effect.
   */
  readonly prepareTracing?: (section: unknown) => Promise<() => void>;
  /** What the event recorder writes with; absent: `--enable-feature=event-recorder` is not given. */
  readonly recorder?: RecorderMeans;
  /** The text of `--config.file`. */
  readonly readConfiguration: () => Promise<string>;
  readonly readDocument: ReadDocument;
  /** The files that `templates:` names, relative to the folder of the configuration. */
  readonly readTemplates: (globs: readonly string[]) => Promise<readonly TemplateFile[]>;
  /** What a receivers replica would refuse in these settings; undefined when nothing. */
  readonly settingsMistake: (integration: string, settingsJson: string) => string | undefined;
}
