// What an artifact may contain: files, directories and relative symlinks, nothing else
// (docs/format.md section 3).

export type EntryKind = 'file' | 'directory' | 'symlink';

/** One tar entry of an artifact, without its data. */
export interface Entry {
  /** Path from the top of the release, `/` between components, no slash at the end. */
  readonly path: string;
  readonly kind: EntryKind;
  /** True gives mode 0755, false 0644. Directories are always 0755; symlinks carry no mode. */
  readonly executable: boolean;
  /** Bytes of a file; 0 for everything else. */
  readonly sizeBytes: number;
  /** Where a symlink points, relative to its own directory; empty for everything else. */
  readonly linkTarget: string;
}

/** An entry that can be packed or written to disk: it knows where its bytes come from. */
export interface PackEntry extends Entry {
  /**
   * Exactly `length` bytes of the file from `offset`; `offset + length <= sizeBytes`.
   * Random access, because needs are measured from ELF tables that lie anywhere in a file.
   * Throws E_BUILD_INPUT_CHANGED when the source has become shorter. Only called for files.
   */
  readSync(offset: number, length: number): Uint8Array;
}
