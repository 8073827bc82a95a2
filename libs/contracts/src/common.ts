/** Messages are plain values: what is absent on the wire is '' , 0 or [] here, and an absent message is undefined. */

/** tocsin.model.v1.Label */
export interface Label {
  readonly name: string;
  readonly value: string;
}

/** google.protobuf.Timestamp; `Instant` of libs/model is one. */
export interface Timestamp {
  /** Since the Unix epoch. */
  readonly seconds: number;
  /** 0..999,999,999, counted forwards. */
  readonly nanos: number;
}
