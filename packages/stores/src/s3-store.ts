// A prefix of a bucket as a store, on Amazon S3 and what speaks its language. Signing, credentials and retries of single
// calls are the SDK's. No server is asked for a digest; conditions are sent, and what known servers make of them is
// minded (docs/stores.md).
import type { IncomingMessage } from 'node:http';
import { SalverError, sha256Hex } from '@salver/core';
import type {
  ObjectContent,
  ObjectFacts,
  ObjectHeaders,
  RangeBody,
  ReadOptions,
  ReadRangeOptions,
  ReadSmallOptions,
  ReplaceOptions,
  SmallObject,
  Store,
} from '@salver/core';
import type * as Sdk from './aws-sdk.js';
import { parseContentRange } from './content-range.js';
import { HTTP_LIMITS, guardBody } from './http-request.js';
import type { HttpLimits } from './http-request.js';
import { checkKey } from './object-key.js';
import { isConditionFailed, isConflict, isNoSuchObject, s3Error, s3Failure } from './s3-errors.js';
import { clientConfig } from './s3-client.js';
import { headersOf } from './s3-headers.js';
import type { S3Headers } from './s3-headers.js';
import { parseS3Location } from './s3-location.js';
import type { S3Location } from './s3-location.js';
import { PART_BYTES, uploadInParts } from './s3-upload.js';
import type { UploadTarget } from './s3-upload.js';
import { checkDigest, objectChanged, objectNotFound } from './store-errors.js';
import { readWhole } from './read-whole.js';

/** Larger objects are sent in parts. */
const SINGLE_PUT_BYTES_MAX = 2 * PART_BYTES;
const CONFLICT_TRIES = 8;
const POINTER_HEADERS: ObjectHeaders = { contentType: 'application/json', cacheControl: 'no-cache' };

export interface S3StoreOptions {
  readonly limits?: HttpLimits | undefined;
}

/** Opens the store; nothing is asked yet. Throws E_USAGE, E_FILE_SYSTEM. */
export async function openS3Store(
  url: URL,
  env: Readonly<Record<string, string | undefined>>,
  { limits = HTTP_LIMITS }: S3StoreOptions = {},
): Promise<Store> {
  const location = parseS3Location(url);
  // We know; the bundle holds the version that runs here.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const sdk = await import('./aws-sdk.js');
  return new S3Store(sdk, new sdk.S3Client(clientConfig(location, env, limits)), location, limits);
}

class S3Store implements Store {
  readonly description: string;
  readonly #sdk: typeof Sdk;
  readonly #client: Sdk.S3Client;
  readonly #location: S3Location;
  readonly #limits: HttpLimits;

  constructor(sdk: typeof Sdk, client: Sdk.S3Client, location: S3Location, limits: HttpLimits) {
    this.#sdk = sdk;
    this.#client = client;
    this.#location = location;
    this.#limits = limits;
    const { bucket, prefix, endpoint } = location;
    this.description =
      `s3://${bucket}/${prefix}`.replace(/\/$/, '') + (endpoint === undefined ? '' : ` at ${endpoint}`);
  }

  async stat(key: string, options: ReadOptions = {}): Promise<ObjectFacts | undefined> {
    return this.#orUndefined(options, async () => {
      const command = new this.#sdk.HeadObjectCommand(this.#at(key));
      const { ContentLength, LastModified, ETag } = await this.#client.send(command, abort(options));
      return { key, sizeBytes: ContentLength ?? 0, modifiedAt: LastModified, tag: ETag };
    });
  }

  async readSmall(key: string, options: ReadSmallOptions): Promise<SmallObject | 'unchanged' | undefined> {
    return this.#orUndefined(options, async () => {
      const condition = options.unlessTag === undefined ? {} : { IfNoneMatch: options.unlessTag };
      const command = new this.#sdk.GetObjectCommand({ ...this.#at(key), ...condition });
      const answer = await this.#client.send(command, abort(options)).catch((error: unknown) => {
        if (s3Failure(error).status === 304) return 'unchanged' as const;
        throw error;
      });
      if (answer === 'unchanged') return answer;
      const body = this.#body(answer.Body, options);
      const bytes = await readWhole(body, { key, bytesMax: options.bytesMax });
      if (options.unlessTag !== undefined && answer.ETag === options.unlessTag) return 'unchanged';
      return { key, sizeBytes: bytes.length, modifiedAt: answer.LastModified, tag: answer.ETag, bytes };
    });
  }

  async readRange(key: string, options: ReadRangeOptions): Promise<RangeBody> {
    const { offset, length, tag } = options;
    const condition = tag === undefined ? {} : { IfMatch: tag };
    const get = (range: object): Promise<Answer> =>
      this.#client.send(
        new this.#sdk.GetObjectCommand({ ...this.#at(key), ...condition, ...range }),
        abort(options),
      );
    try {
      const answer = await get({ Range: `bytes=${offset}-${offset + length - 1}` }).catch(
        (error: unknown) => {
          // The object is shorter: whole, then, so that the reader sees what it is.
          if (s3Failure(error).status === 416) return get({});
          throw error;
        },
      );
      const body = this.#body(answer.Body, options);
      if (tag !== undefined && answer.ETag !== tag) {
        (answer.Body as IncomingMessage).destroy();
        throw objectChanged(key, this.description);
      }
      return { ...this.#extent(answer, options), tag: answer.ETag, body };
    } catch (error) {
      if (isConditionFailed(error)) throw objectChanged(key, this.description);
      if (isNoSuchObject(error)) throw objectNotFound(key, this.description);
      throw this.#error(error, options);
    }
  }

  #extent(answer: Answer, asked: ReadRangeOptions): Pick<RangeBody, 'offset' | 'length' | 'sizeBytes'> {
    const part = parseContentRange(answer.ContentRange);
    const sizeBytes = answer.ContentLength ?? 0;
    if (part === undefined) return { offset: 0, length: sizeBytes, sizeBytes };
    if (part.offset !== asked.offset || part.length > asked.length) {
      (answer.Body as IncomingMessage).destroy();
      throw new SalverError(
        'E_STORE_UNREACHABLE',
        `${this.description} sent another range than was asked for`,
      );
    }
    return part;
  }

  async *list(prefix: string, options: ReadOptions = {}): AsyncIterable<ObjectFacts> {
    const own = this.#location.prefix;
    let token: string | undefined;
    try {
      do {
        const command = new this.#sdk.ListObjectsV2Command({
          Bucket: this.#location.bucket,
          Prefix: `${own}${prefix}`,
          ...(token === undefined ? {} : { ContinuationToken: token }),
        });
        const page = await this.#client.send(command, abort(options));
        for (const { Key = '', Size = 0, LastModified, ETag } of page.Contents ?? []) {
          yield { key: Key.slice(own.length), sizeBytes: Size, modifiedAt: LastModified, tag: ETag };
        }
        token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      } while (token !== undefined);
    } catch (error) {
      throw this.#error(error, options);
    }
  }

  async create(key: string, content: ObjectContent, options: ReadOptions = {}): Promise<boolean> {
    const target = this.#at(key);
    try {
      if ((await this.stat(key, options)) !== undefined) return false;
      if (content.sizeBytes > SINGLE_PUT_BYTES_MAX) {
        return await uploadInParts(this.#uploadTarget(target, options), content);
      }
      const bytes = await readWhole(content.open());
      checkDigest({ sizeBytes: bytes.length, sha256: sha256Hex(bytes) }, content);
      return await this.#put(target, bytes, { IfNoneMatch: '*', ...headersOf(content) }, options);
    } catch (error) {
      throw this.#error(error, options);
    }
  }

  async replace(key: string, bytes: Buffer, options: ReplaceOptions): Promise<boolean> {
    const target = this.#at(key);
    const { expectedTag } = options;
    const headers = headersOf(options.headers ?? POINTER_HEADERS);
    try {
      if (expectedTag === undefined)
        return await this.#put(target, bytes, { IfNoneMatch: '*', ...headers }, options);
      if ((await this.stat(key, options))?.tag !== expectedTag) return false;
      if (await this.#put(target, bytes, { IfMatch: expectedTag, ...headers }, options)) return true;
      // Older Ceph gateways compare with the quotes on one side only.
      if ((await this.stat(key, options))?.tag !== expectedTag) return false;
      const unquoted = expectedTag.replaceAll('"', '');
      return await this.#put(target, bytes, { IfMatch: unquoted, ...headers }, options);
    } catch (error) {
      throw this.#error(error, options);
    }
  }

  async remove(key: string, options: ReadOptions = {}): Promise<void> {
    try {
      await this.#client.send(new this.#sdk.DeleteObjectCommand(this.#at(key)), abort(options));
    } catch (error) {
      if (!isNoSuchObject(error)) throw this.#error(error, options);
    }
  }

  close(): void {
    this.#client.destroy();
  }

  /**
   * One PUT with a condition; false when it did not hold. An answer that was lost makes the SDK send it again, and then
   * the condition fails because of ourselves: what lies there is compared.
   */
  async #put(target: Target, bytes: Buffer, headers: PutHeaders, options: ReadOptions): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      try {
        const command = new this.#sdk.PutObjectCommand({
          ...target,
          ...headers,
          Body: bytes,
          ContentLength: bytes.length,
        });
        await this.#client.send(command, abort(options));
        return true;
      } catch (error) {
        if (isConditionFailed(error))
          return wasSentAgain(error) && (await this.#holds(target, bytes, options));
        // A pointer that was to be moved and is gone.
        if (isNoSuchObject(error)) return false;
        if (!isConflict(error) || tries >= CONFLICT_TRIES) throw error;
      }
    }
  }

  async #holds(target: Target, bytes: Buffer, options: ReadOptions): Promise<boolean> {
    const answer = await this.#client.send(new this.#sdk.GetObjectCommand(target), abort(options));
    if (answer.ContentLength !== bytes.length) {
      (answer.Body as unknown as IncomingMessage).destroy();
      return false;
    }
    return (await readWhole(this.#body(answer.Body, options))).equals(bytes);
  }

  #uploadTarget(target: Target, options: ReadOptions): UploadTarget {
    return {
      sdk: this.#sdk,
      client: this.#client,
      target,
      options: abort(options),
      exists: async () =>
        (await this.stat(target.Key.slice(this.#location.prefix.length), options)) !== undefined,
    };
  }

  #body(body: unknown, { signal }: ReadOptions): AsyncIterable<Buffer> {
    const where = new URL(this.#location.endpoint ?? 'https://s3.amazonaws.com');
    return guardBody(body as IncomingMessage, { url: where, limits: this.#limits, signal });
  }

  #at(key: string): Target {
    return { Bucket: this.#location.bucket, Key: `${this.#location.prefix}${checkKey(key)}` };
  }

  async #orUndefined<T>(options: ReadOptions, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (isNoSuchObject(error)) return undefined;
      throw this.#error(error, options);
    }
  }

  #error(error: unknown, { signal }: ReadOptions): SalverError {
    return s3Error(error, { description: this.description, signal });
  }
}

interface Target {
  readonly Bucket: string;
  readonly Key: string;
}

interface PutHeaders extends S3Headers {
  readonly IfMatch?: string;
  readonly IfNoneMatch?: string;
}

interface Answer {
  readonly Body?: unknown;
  readonly ETag?: string | undefined;
  readonly ContentRange?: string | undefined;
  readonly ContentLength?: number | undefined;
}

function abort({ signal }: ReadOptions): { readonly abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

function wasSentAgain(error: unknown): boolean {
  const { $metadata } = error as { readonly $metadata?: { readonly attempts?: number } };
  return ($metadata?.attempts ?? 1) > 1;
}
