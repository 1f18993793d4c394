// How the SDK's client is set up for a store.
import type * as Sdk from './aws-sdk.js';
import { readCertificates } from './certificates.js';
import type { HttpLimits } from './http-request.js';
import type { S3Location } from './s3-location.js';

const TRIES = 4;
const CONNECT_MS = 10_000;
/** Where nothing names one: what every server that has no regions takes. */
const REGION_DEFAULT = 'us-east-1';

/** Throws E_FILE_SYSTEM. */
export function clientConfig(
  { endpoint, region, pathStyle, ca, profile }: S3Location,
  env: Readonly<Record<string, string | undefined>>,
  limits: HttpLimits,
): Sdk.S3ClientConfig {
  const fromEnv = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
  // A profile may name a region; the SDK looks there when none is given.
  const usesProfile = profile !== undefined || env['AWS_PROFILE'] !== undefined;
  const named = region ?? fromEnv ?? (usesProfile && endpoint === undefined ? undefined : REGION_DEFAULT);
  return {
    forcePathStyle: pathStyle,
    maxAttempts: Number(env['AWS_MAX_ATTEMPTS'] ?? TRIES) || TRIES,
    // Servers that do not know the newer checksums break bodies that carry them (notes/infra.md 1.2).
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      socketTimeout: limits.idleMs,
      ...(ca === undefined ? {} : { httpsAgent: { ca: readCertificates(ca) } }),
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(named === undefined ? {} : { region: named }),
    ...(profile === undefined ? {} : { profile }),
  };
}
