// One file -> its compressed forms, as small as they get: they are made once per content and sent many times.
// The same bytes give the same forms with the same zlib and brotli; nothing of time or system is in them.
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { AssetEncoding } from '@salver/core';

/** Changes when the same input would give other bytes: then nothing is taken from the cache. */
const SETTINGS_NUMBER = 1;

/** Smaller files fit into one or two packets as they are. */
const FILE_BYTES_MIN = 512;
/** Read whole: a larger file is not made for pages. */
const FILE_BYTES_MAX = 32 * 1024 * 1024;
/** A form must save this much, or it only costs space. */
const SAVED_BYTES_MIN = 100;
const SAVED_SHARE_MIN = 0.05;

const COMPRESSIBLE =
  /\.(?:html?|xhtml|css|m?js|cjs|json5?|jsonld|geojson|topojson|map|webmanifest|svg|xml|xsl|rss|atom|txt|text|csv|tsv|md|ya?ml|toml|ics|vtt|srt|wasm|ttf|otf|eot|ico|bmp|gltf|glsl|wgsl|pdf|php|ts|tsx|jsx)$/i;

const gzipAsync = promisify(gzip);
const brotliAsync = promisify(brotliCompress);

/** Whether compressing such a file is worth trying at all. */
export function isCompressible(path: string, sizeBytes: number): boolean {
  return COMPRESSIBLE.test(path) && sizeBytes >= FILE_BYTES_MIN && sizeBytes <= FILE_BYTES_MAX;
}

/** Everything besides the content that decides what the form looks like. */
export function encoderKey(encoding: AssetEncoding): string {
  const { zlib = '', brotli = '' } = process.versions;
  return `${SETTINGS_NUMBER}:${encoding}:${encoding === 'br' ? brotli : zlib}`;
}

/** The compressed form, or undefined when it saves too little. */
export async function compressAsset(bytes: Buffer, encoding: AssetEncoding): Promise<Buffer | undefined> {
  const form = encoding === 'br' ? await toBrotli(bytes) : await toGzip(bytes);
  const saved = bytes.length - form.length;
  return saved >= SAVED_BYTES_MIN && saved >= bytes.length * SAVED_SHARE_MIN ? form : undefined;
}

const GZIP_OS_AT = 9;
const GZIP_OS_UNKNOWN = 255;

async function toGzip(bytes: Buffer): Promise<Buffer> {
  const { Z_BEST_COMPRESSION: level, Z_DEFAULT_STRATEGY: strategy } = constants;
  const form = await gzipAsync(bytes, { level, memLevel: 9, windowBits: 15, strategy });
  // The time is 0 already; zlib writes which system it was built for.
  form[GZIP_OS_AT] = GZIP_OS_UNKNOWN;
  return form;
}

const WINDOW_BITS_MIN = 16;
const WINDOW_BITS_MAX = 22;

async function toBrotli(bytes: Buffer): Promise<Buffer> {
  // No larger than the file: the encoder's memory goes with it.
  const window = Math.min(WINDOW_BITS_MAX, Math.max(WINDOW_BITS_MIN, 32 - Math.clz32(bytes.length)));
  return brotliAsync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: window,
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_GENERIC,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
}
