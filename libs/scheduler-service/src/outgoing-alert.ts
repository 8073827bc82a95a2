import type { WallMs } from '@tocsin/kernel';
import type { WireAlert } from '@tocsin/contracts';
import { endOf } from '@tocsin/evaluation';
import type { Instance } from '@tocsin/evaluation';
import { instantOf } from '@tocsin/model';
import type { Fingerprint, LabelSet } from '@tocsin/model';

/** One version of an alert on its way. Built once, shared by the queues of all alertmanagers. */
export interface OutgoingAlert {
  /** Of the labels as sent: a newer version of the same alert replaces this one. */
  readonly key: Fingerprint;
  /** A firing alert that waits longer than this says nothing any more; undefined for a resolved one. */
  readonly worthlessAt: WallMs | undefined;
  /** Trace context of the evaluation that sends it, also when an earlier one changed it last; '' for none. */
  readonly evaluation?: string;
  readonly wire: WireAlert;
}

/** Undefined for a pending instance, which is never sent, and one without labels. */
export function outgoingAlert(
  instance: Instance,
  externalLabels: LabelSet,
  generatorUrl: string,
  evaluation = '',
): OutgoingAlert | undefined {
  const { state } = instance;
  if (state.kind === 'pending') return undefined;
  const labels = externalLabels.size === 0 ? instance.labels : externalLabels.merge(instance.labels);
  return {
    key: labels.fingerprint,
    worthlessAt: state.kind === 'resolved' ? undefined : instance.validUntil,
    evaluation,
    wire: {
      labels: wireLabels(labels),
      annotations: wireLabels(instance.annotations),
      startsAt: instantOf(state.firedAt),
      endsAt: instantOf(endOf(instance)),
      generatorUrl,
      traceparent: instance.traceparent,
    },
  };
}

const wireLabels = (labels: LabelSet): WireAlert['labels'] =>
  labels.pairs.map(([name, value]) => ({ name, value }));
