export { startReceivers, NOTIFY_WINDOW, type Receivers, type ReceiversParts } from './receivers.ts';
export type { Delivery, FailureReason, Integration, ReadIntegration, SendContext } from './integration.ts';
export { JsonSettings, type JsonValue } from './json-settings.ts';
export { settingsMistake } from './settings-mistake.ts';
export type { ReadingMeans } from './integration.ts';
export { httpPoster, type HttpPoster, type PosterParts } from './http-poster.ts';
export { HttpSender, type OutgoingRequest } from './http-send.ts';
export { readHttpConfig, type HttpConfig } from './http-config.ts';
export type { HttpAnswer } from './delivery.ts';
