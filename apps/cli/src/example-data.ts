/** What templates are tried with when no data is given: the labels and annotations that amtool shows, so that one template prints the same with both. */
import { addMs, instantOf } from '@tocsin/model';
import type { NotificationData } from '@tocsin/templating';

const MINUTE_MS = 60_000;
type Pairs = readonly (readonly [string, string])[];

const pairs = (name: string, ...numbers: readonly number[]): Pairs =>
  numbers.map((number) => [`${name}key${number}`, `${name}value${number}`] as const);
const commonLabels = pairs('commonlabel', 1, 2);
const commonAnnotations = pairs('commonannotation', 1, 2);

/** One alert that fires for five minutes, and one of ten minutes that is over. */
export function exampleData(nowMs: number): NotificationData {
  const now = instantOf(nowMs);
  const shared = { endsAt: now, generatorURL: 'https://generatorurl.com' };
  return {
    receiver: 'receiver',
    status: 'alertstatus',
    alerts: [
      {
        ...shared,
        status: 'firing',
        labels: [['label1', 'value1'], ['label2', 'value2'], ['instance', 'foo.bar:1234'], ...commonLabels],
        annotations: [['annotation1', 'value1'], ['annotation2', 'value2'], ...commonAnnotations],
        startsAt: addMs(now, -5 * MINUTE_MS),
        fingerprint: 'fingerprint1',
      },
      {
        ...shared,
        status: 'resolved',
        labels: [['foo', 'bar'], ['baz', 'qux'], ...commonLabels],
        annotations: [['aaa', 'bbb'], ['ccc', 'ddd'], ...commonAnnotations],
        startsAt: addMs(now, -10 * MINUTE_MS),
        fingerprint: 'fingerprint2',
      },
    ],
    notificationReason: 'unknown',
    groupLabels: pairs('grouplabel', 1, 2),
    commonLabels,
    commonAnnotations,
    routeLabels: [],
    externalURL: 'https://example.com',
  };
}
