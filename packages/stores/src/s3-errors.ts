// What an S3 server or its client says, in the words that all stores use.
import { SalverError, printable } from '@salver/core';
import { certificateError } from './certificates.js';

/** The fields of the SDK's errors that are looked at. */
interface S3Failure {
  readonly name: string;
  readonly code: string;
  readonly status: number | undefined;
  readonly message: string;
}

export function s3Failure(error: unknown): S3Failure {
  if (!(error instanceof Error)) return { name: '', code: '', status: undefined, message: String(error) };
  const { Code, code, $metadata } = error as Error & {
    readonly Code?: string;
    readonly code?: string;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  return {
    name: error.name,
    code: Code ?? code ?? '',
    status: $metadata?.httpStatusCode,
    message: error.message,
  };
}

/** The object is not there; the bucket is. */
export function isNoSuchObject(error: unknown): boolean {
  const { name, status } = s3Failure(error);
  return name === 'NoSuchKey' || name === 'NotFound' || (status === 404 && name !== 'NoSuchBucket');
}

/** A condition did not hold: somebody else was there first. */
export function isConditionFailed(error: unknown): boolean {
  return s3Failure(error).status === 412;
}

/** Two writers at the same moment: the server asks one of them to try again. */
export function isConflict(error: unknown): boolean {
  return s3Failure(error).status === 409;
}

/** The upload is gone or is not what it was: somebody else has ended it. */
export function isUploadGone(error: unknown): boolean {
  return ['NoSuchUpload', 'InvalidPart', 'InvalidPartOrder'].includes(s3Failure(error).name);
}

interface Where {
  readonly description: string;
  readonly signal?: AbortSignal | undefined;
}

/** SalverErrors pass. */
export function s3Error(error: unknown, { description, signal }: Where): SalverError {
  if (error instanceof SalverError) return error;
  if (signal?.aborted === true) return new SalverError('E_INTERRUPTED', 'interrupted', { cause: error });
  const failure = s3Failure(error);
  const known =
    byName(failure, description) ?? byStatus(failure, description) ?? certificateError(error, description);
  if (known !== undefined) return Object.assign(known, { cause: error });
  if (failure.status === undefined && isBug(error)) throw error;
  return new SalverError('E_STORE_UNREACHABLE', `${description}: ${printable(failure.message)}`, {
    cause: error,
    hint: 'check endpoint, network and proxy',
  });
}

function isBug(error: unknown): boolean {
  return error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
}

function byName({ name, code, message }: S3Failure, where: string): SalverError | undefined {
  const said = printable(message);
  switch (code === '' || name !== 'Error' ? name : code) {
    case 'NoSuchBucket':
      return new SalverError('E_STORE_NOT_FOUND', `there is no bucket for ${where}`, {
        hint: 'create the bucket, or check its name and the endpoint',
      });
    case 'RequestTimeTooSkewed':
    case 'RequestExpired':
      return new SalverError(
        'E_STORE_MISCONFIGURED',
        `${where} refuses requests: the clock of this machine is wrong`,
        {
          hint: `set the clock (it is ${new Date().toISOString()} here) and run the command again`,
        },
      );
    case 'SignatureDoesNotMatch':
      return denied(where, 'the secret key does not fit', 'check AWS_SECRET_ACCESS_KEY or the profile');
    case 'InvalidAccessKeyId':
      return denied(
        where,
        'the access key is not known',
        'check AWS_ACCESS_KEY_ID or the profile, and the endpoint',
      );
    case 'ExpiredToken':
    case 'TokenRefreshRequired':
      return denied(where, 'the credentials have expired', 'log in again');
    case 'CredentialsProviderError':
      return denied(
        where,
        `no credentials: ${said}`,
        'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile',
      );
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
    case 'IllegalLocationConstraintException':
      return new SalverError('E_STORE_MISCONFIGURED', `${where} is in another region: ${said}`, {
        hint: 'write the region of the bucket: s3://BUCKET/PREFIX?region=NAME',
      });
    case 'NotImplemented':
      return new SalverError('E_STORE_MISCONFIGURED', `${where} does not know what is needed: ${said}`, {
        hint: 'see `salver doctor` for what this server can do',
      });
    case 'SlowDown':
    case 'Throttling':
    case 'ThrottlingException':
    case 'TooManyRequestsException':
    case 'RequestLimitExceeded':
      return throttled(where);
    default:
      return undefined;
  }
}

function byStatus({ status, name, message }: S3Failure, where: string): SalverError | undefined {
  if (status === 401 || status === 403) {
    return denied(
      where,
      name === 'AccessDenied' || name === '403' ? 'access denied' : printable(message),
      'the key needs s3:ListBucket on the bucket, and s3:GetObject and s3:PutObject on the prefix',
    );
  }
  if (status === 429 || status === 503) return throttled(where);
  if (status === 301 || status === 307) {
    return new SalverError('E_STORE_MISCONFIGURED', `${where} is in another region or at another endpoint`, {
      hint: 'write the region of the bucket: s3://BUCKET/PREFIX?region=NAME',
    });
  }
  if (status !== undefined && status >= 400 && status < 500 && status !== 408) {
    return new SalverError('E_STORE_MISCONFIGURED', `${where} answered ${status}: ${printable(message)}`, {
      hint: 'see `salver doctor` for what this server can do',
      facts: { status },
    });
  }
  return undefined;
}

function denied(where: string, why: string, hint: string): SalverError {
  return new SalverError('E_STORE_DENIED', `${where}: ${why}`, { hint });
}

function throttled(where: string): SalverError {
  return new SalverError('E_STORE_THROTTLED', `${where} asks to slow down`, { hint: 'try again later' });
}
