// What an s3:// address says: s3://BUCKET/PREFIX?endpoint=URL&region=NAME&style=path|virtual&ca=FILE&profile=NAME
import { SalverError, printable } from '@salver/core';

export interface S3Location {
  readonly bucket: string;
  /** Ends with `/` unless it is empty. */
  readonly prefix: string;
  readonly endpoint?: string;
  readonly region?: string;
  /** The bucket is a part of the path instead of the host name. */
  readonly pathStyle: boolean;
  /** File with certificates, PEM. */
  readonly ca?: string;
  readonly profile?: string;
}

const KNOWN = ['endpoint', 'region', 'style', 'ca', 'profile'];

/** Throws E_USAGE. */
export function parseS3Location(url: URL): S3Location {
  for (const name of url.searchParams.keys()) {
    if (!KNOWN.includes(name)) throw wrong(`"${printable(name)}" is no setting of an s3:// address`);
  }
  if (url.username !== '' || url.password !== '') {
    throw wrong('an s3:// address must hold no credentials; use AWS_ACCESS_KEY_ID or a profile');
  }
  const setting = (name: string): string | undefined => url.searchParams.get(name) ?? undefined;
  const endpoint = setting('endpoint');
  if (endpoint !== undefined && !/^https?:\/\/[^/@?#]+\/?$/.test(endpoint)) {
    throw wrong('the endpoint must be an address such as https://s3.example.net');
  }
  const style = setting('style');
  if (style !== undefined && style !== 'path' && style !== 'virtual')
    throw wrong('style must be path or virtual');
  const prefix = decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, '');
  const [region, ca, profile] = [setting('region'), setting('ca'), setting('profile')];
  return {
    bucket: url.hostname,
    prefix: prefix === '' ? '' : `${prefix}/`,
    // Other servers than Amazon's rarely have a host name for each bucket.
    pathStyle: style === undefined ? endpoint !== undefined : style === 'path',
    ...(endpoint === undefined ? {} : { endpoint: endpoint.replace(/\/$/, '') }),
    ...(region === undefined ? {} : { region }),
    ...(ca === undefined ? {} : { ca }),
    ...(profile === undefined ? {} : { profile }),
  };
}

function wrong(message: string): SalverError {
  return new SalverError('E_USAGE', message, {
    hint: 'example: s3://artifacts/prod?endpoint=https://s3.example.net&region=eu-central-1',
  });
}
