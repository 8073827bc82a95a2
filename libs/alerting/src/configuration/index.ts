export { configurationHash, loadConfiguration, type LoadOptions } from './load.ts';
export { SECRET_TOKEN } from './setting.ts';
export { loadHttpConfig } from './http-config.ts';
