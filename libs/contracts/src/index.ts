export * from './common.ts';
export * from './alertmanager.ts';
export * from './receivers.ts';
export * from './events.ts';
export { tocsinDescriptor, upstreamDescriptor } from './gen/descriptors.gen.ts';
