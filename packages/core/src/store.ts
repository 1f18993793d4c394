// Where artifacts are kept, as the rest sees it (DESIGN 5). `stores` has the implementations: a directory, an
// HTTP(S) prefix, an S3 bucket prefix. Every answer of a store is foreign until it was checked against a digest.

/** What a store says of one object. */
export interface ObjectFacts {
  /** Below the store's prefix, with `/` between its parts. */
  readonly key: string;
  readonly sizeBytes: number;
  readonly modifiedAt?: Date | undefined;
  /**
   * Names these very bytes as long as the store keeps its word (a strong ETag, a version, inode and time).
   * Undefined when the store gives none: then an object that was cut off cannot be resumed.
   */
  readonly tag?: string | undefined;
}

/** A small object, whole. */
export interface SmallObject extends ObjectFacts {
  readonly bytes: Buffer;
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ReadSmallOptions extends ReadOptions {
  /** A longer object is refused with E_LIMIT_EXCEEDED. */
  readonly bytesMax: number;
  /** Answer `unchanged` when the object still has this tag: costs no body. */
  readonly unlessTag?: string | undefined;
}

export interface ReadRangeOptions extends ReadOptions {
  readonly offset: number;
  readonly length: number;
  /** Fail with E_OBJECT_CHANGED when the object has another tag by now. */
  readonly tag?: string | undefined;
}

/** The answer to a request for a range. */
export interface RangeBody {
  /** Where the body begins in the object: 0 with `sizeBytes` bytes when the store sends it whole in spite of the range. */
  readonly offset: number;
  readonly length: number;
  /** Size of the whole object. */
  readonly sizeBytes: number;
  readonly tag?: string | undefined;
  /** May fail on the way, with E_OBJECT_CHANGED for one; never gives more than `length` bytes. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** What a server says of an object when it hands it out. A directory keeps nothing of it. */
export interface ObjectHeaders {
  readonly contentType?: string | undefined;
  readonly cacheControl?: string | undefined;
  /** The bytes are a compressed form: browsers undo it, readers of the store get them as they are. */
  readonly contentEncoding?: string | undefined;
}

/** What is put into a store. */
export interface ObjectContent extends ObjectHeaders {
  readonly sizeBytes: number;
  /** Hex. Compared with what was sent; the store is not asked to. */
  readonly sha256: string;
  /** The bytes, from the first on; called again for another try. */
  open(): AsyncIterable<Uint8Array>;
}

export interface ReplaceOptions extends ReadOptions {
  /** Undefined: the object must not exist. */
  readonly expectedTag: string | undefined;
  /** Default: JSON that is asked for anew each time. */
  readonly headers?: ObjectHeaders | undefined;
}

/**
 * One place for artifacts. Keys are checked (E_USAGE). All methods throw E_STORE_DENIED, E_STORE_NOT_FOUND (the bucket or
 * directory itself) and E_FILE_SYSTEM; writing ones also E_STORE_READ_ONLY and E_DISK_FULL. They do not retry by themselves.
 */
export interface Store {
  /** For messages: path or URL without credentials. */
  readonly description: string;
  /** Where an object lies in the file system, for stores in which it can be read in place. */
  localPath?(key: string): string;
  /** Undefined when there is no such object. */
  stat(key: string, options?: ReadOptions): Promise<ObjectFacts | undefined>;
  readSmall(key: string, options: ReadSmallOptions): Promise<SmallObject | 'unchanged' | undefined>;
  /** One range, as a stream. Throws E_OBJECT_NOT_FOUND, E_OBJECT_CHANGED. */
  readRange(key: string, options: ReadRangeOptions): Promise<RangeBody>;
  /** Objects whose key begins with `prefix`, in any order. */
  list(prefix: string, options?: ReadOptions): AsyncIterable<ObjectFacts>;
  /**
   * Puts an object that must not exist yet: whole or not at all. False when one is there already. Throws E_DIGEST_MISMATCH
   * when the content is not what was announced.
   */
  create(key: string, content: ObjectContent, options?: ReadOptions): Promise<boolean>;
  /**
   * Moves a small object from one content to the next: only if it still has `expectedTag` (undefined: does not exist).
   * False when somebody else was first.
   */
  replace(key: string, bytes: Buffer, options: ReplaceOptions): Promise<boolean>;
  /** No error when it is gone already. */
  remove(key: string, options?: ReadOptions): Promise<void>;
  close(): void;
}
