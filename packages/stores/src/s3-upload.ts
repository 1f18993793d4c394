// Large objects go to S3 in parts. An upload that was cut is found again and goes on: parts that are there with the MD5
// of ours are not sent again (the library for uploads cannot do that). MD5 serves only to save work; hosts check sha256.
import { createHash } from 'node:crypto';
import type { ObjectContent } from '@salver/core';
import type * as Sdk from './aws-sdk.js';
import { headersOf } from './s3-headers.js';
import { isConditionFailed, isConflict, isUploadGone } from './s3-errors.js';
import { checkDigest } from './store-errors.js';

export const PART_BYTES = 16 * 1024 * 1024;
const PARTS_AT_A_TIME = 3;

/** One object and how to reach its server. */
export interface UploadTarget {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.S3Client;
  readonly target: { readonly Bucket: string; readonly Key: string };
  readonly options: { readonly abortSignal?: AbortSignal };
  /** Is the object there by now? */
  exists(): Promise<boolean>;
}

interface Part {
  readonly PartNumber: number;
  readonly ETag: string;
}

/** False when somebody else was first. Throws the SDK's errors and E_DIGEST_MISMATCH. */
export async function uploadInParts(upload: UploadTarget, content: ObjectContent): Promise<boolean> {
  const uploadId = (await findUpload(upload)) ?? (await beginUpload(upload, content));
  const { sdk, client, target, options } = upload;
  try {
    const parts = await sendParts(upload, uploadId, content);
    const command = new sdk.CompleteMultipartUploadCommand({
      ...target,
      UploadId: uploadId,
      MultipartUpload: { Parts: [...parts] },
      IfNoneMatch: '*',
    });
    await client.send(command, options);
    return true;
  } catch (error) {
    if (isConditionFailed(error) || isConflict(error) || isUploadGone(error)) {
      if (await upload.exists()) return false;
    }
    throw error;
  }
}

/** The newest upload of this object that has not ended. */
async function findUpload({ sdk, client, target, options }: UploadTarget): Promise<string | undefined> {
  const command = new sdk.ListMultipartUploadsCommand({ Bucket: target.Bucket, Prefix: target.Key });
  // Not every server lists uploads: then there is nothing to go on with.
  const answer = await client.send(command, options).catch(() => undefined);
  const own = (answer?.Uploads ?? []).filter(({ Key }) => Key === target.Key);
  own.sort((a, b) => (b.Initiated?.getTime() ?? 0) - (a.Initiated?.getTime() ?? 0));
  return own[0]?.UploadId;
}

async function beginUpload(
  { sdk, client, target, options }: UploadTarget,
  content: ObjectContent,
): Promise<string> {
  const command = new sdk.CreateMultipartUploadCommand({
    ...target,
    ...headersOf(content),
  });
  const { UploadId } = await client.send(command, options);
  if (UploadId === undefined) throw new TypeError('the server has begun an upload without a name');
  return UploadId;
}

async function sendParts(
  upload: UploadTarget,
  uploadId: string,
  content: ObjectContent,
): Promise<readonly Part[]> {
  const there = await partsThere(upload, uploadId);
  const sha256 = createHash('sha256');
  const sent: Promise<Part>[] = [];
  let sizeBytes = 0;
  try {
    for await (const bytes of inPieces(content.open(), PART_BYTES)) {
      sha256.update(bytes);
      sizeBytes += bytes.length;
      const number = sent.length + 1;
      const part = sendPart(upload, { uploadId, number, bytes, there: there.get(number) });
      // A failure is thrown where it is waited for, not as an unhandled one meanwhile.
      part.catch(() => undefined);
      sent.push(part);
      await sent[number - 1 - PARTS_AT_A_TIME];
    }
  } finally {
    // What is on its way counts for the next try.
    await Promise.allSettled(sent);
  }
  checkDigest({ sizeBytes, sha256: sha256.digest('hex') }, content);
  return Promise.all(sent);
}

async function partsThere(
  { sdk, client, target, options }: UploadTarget,
  uploadId: string,
): Promise<ReadonlyMap<number, string>> {
  const found = new Map<number, string>();
  let marker: string | undefined;
  do {
    const command = new sdk.ListPartsCommand({
      ...target,
      UploadId: uploadId,
      ...(marker === undefined ? {} : { PartNumberMarker: marker }),
    });
    const page = await client.send(command, options).catch(() => undefined);
    for (const { PartNumber = 0, ETag = '' } of page?.Parts ?? []) found.set(PartNumber, ETag);
    marker = page?.IsTruncated === true ? page.NextPartNumberMarker : undefined;
  } while (marker !== undefined);
  return found;
}

async function sendPart(
  { sdk, client, target, options }: UploadTarget,
  part: {
    readonly uploadId: string;
    readonly number: number;
    readonly bytes: Buffer;
    readonly there: string | undefined;
  },
): Promise<Part> {
  if (part.there !== undefined && part.there.replaceAll('"', '') === md5(part.bytes)) {
    return { PartNumber: part.number, ETag: part.there };
  }
  const command = new sdk.UploadPartCommand({
    ...target,
    UploadId: part.uploadId,
    PartNumber: part.number,
    Body: part.bytes,
    ContentLength: part.bytes.length,
  });
  const { ETag = '' } = await client.send(command, options);
  return { PartNumber: part.number, ETag };
}

/** Empty where MD5 is forbidden: then every part is sent again. */
function md5(bytes: Buffer): string {
  try {
    return createHash('md5').update(bytes).digest('hex');
  } catch {
    return '';
  }
}

async function* inPieces(stream: AsyncIterable<Uint8Array>, pieceBytes: number): AsyncIterable<Buffer> {
  let pieces: Uint8Array[] = [];
  let got = 0;
  for await (const chunk of stream) {
    let rest = chunk;
    while (got + rest.length >= pieceBytes) {
      pieces.push(rest.subarray(0, pieceBytes - got));
      rest = rest.subarray(pieceBytes - got);
      yield Buffer.concat(pieces);
      pieces = [];
      got = 0;
    }
    // A chunk may lie in a buffer that is used again.
    pieces.push(Buffer.from(rest));
    got += rest.length;
  }
  if (got > 0) yield Buffer.concat(pieces);
}
