// Where an artifact's bytes come from. `stores` has the implementations.

/** Random access to one artifact file. */
export interface ArtifactSource {
  /** For messages: a path or URL without credentials. */
  readonly description: string;
  readonly sizeBytes: number;
  /**
   * Reads exactly `length` bytes at `offset` (both in bytes). Synchronous sources are wanted where
   * possible: unpacking with synchronous calls is measurably faster (notes/format.md section 6).
   * Throws E_ARTIFACT_TRUNCATED when the file ends early.
   */
  readSync(offset: number, length: number): Buffer;
  close(): void;
}
