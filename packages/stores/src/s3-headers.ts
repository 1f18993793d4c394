// What is said of an object, in the words of S3.
import type { ObjectHeaders } from '@salver/core';

export interface S3Headers {
  readonly ContentType?: string;
  readonly CacheControl?: string;
  readonly ContentEncoding?: string;
}

/** Only what is known: servers fill in the rest. */
export function headersOf({ contentType, cacheControl, contentEncoding }: ObjectHeaders): S3Headers {
  return {
    ...(contentType === undefined ? {} : { ContentType: contentType }),
    ...(cacheControl === undefined ? {} : { CacheControl: cacheControl }),
    ...(contentEncoding === undefined ? {} : { ContentEncoding: contentEncoding }),
  };
}
