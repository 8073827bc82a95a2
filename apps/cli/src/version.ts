/** What `--version` says; that of an alertmanager ends with it. */
export const version = '0.1.0';
