/** PEM texts, as read from the files that the settings name. */
export interface ServerTls {
  readonly certificatePem: string;
  readonly keyPem: string;
  /** Given: a client must show a certificate signed by one of these. */
  readonly clientCaPem?: string;
}

export interface ClientTls {
  /** Who may sign the server's certificate; absent: the public authorities. */
  readonly caPem?: string;
  /** Our own certificate, for servers that ask for one. */
  readonly certificatePem?: string;
  readonly keyPem?: string;
  /** Name expected in the server's certificate, when it differs from the target's. */
  readonly serverName?: string;
}
