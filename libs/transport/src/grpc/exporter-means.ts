/** What an exporter that brings its own gRPC client needs of ours: how to trust a server, and what to send along. */
import { checkServerIdentity } from 'node:tls';
import { Metadata, credentials as grpcCredentials, type ChannelCredentials } from '@grpc/grpc-js';
import { AppError, messageOf, type HttpTls } from '@tocsin/kernel';

export interface GrpcExporterMeans {
  readonly credentials: ChannelCredentials;
  readonly metadata: Metadata;
}

/** `tls` 'insecure': in clear. Throws AppError `invalid` for TLS material or headers that can't be used. */
export function grpcExporterMeans(
  tls: HttpTls | 'insecure',
  headers: Readonly<Record<string, string>>,
): GrpcExporterMeans {
  try {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    return { credentials: tls === 'insecure' ? grpcCredentials.createInsecure() : secure(tls), metadata };
  } catch (cause) {
    throw new AppError('invalid', `tracing: ${messageOf(cause)}`, { cause });
  }
}

function secure(tls: HttpTls): ChannelCredentials {
  const pem = (text: string | undefined): Buffer | null => (text === undefined ? null : Buffer.from(text));
  const { serverName } = tls;
  return grpcCredentials.createSsl(pem(tls.caPem), pem(tls.keyPem), pem(tls.certificatePem), {
    ...(tls.isUnverified === true ? { rejectUnauthorized: false } : {}),
    ...(serverName === undefined
      ? {}
      : { checkServerIdentity: (_, certificate) => checkServerIdentity(serverName, certificate) }),
  });
}
