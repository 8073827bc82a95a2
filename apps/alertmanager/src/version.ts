import type { VersionInfo } from '@tocsin/alertmanager-service';

/** What `--version`, the status API and `alertmanager_build_info` say. */
export const versionInfo: VersionInfo = {
  version: '0.34.0-tocsin.0.1.0',
  revision: '',
  branch: '',
  buildUser: '',
  buildDate: '',
  goVersion: `node ${process.version}`,
};

export const versionText: string = `alertmanager, version ${versionInfo.version} (Tocsin, ${versionInfo.goVersion})`;
