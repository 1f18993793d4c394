// An artifact in a store as a source: read in place where the store is a directory, brought over the network elsewhere.
import type { ArtifactSource } from '@salver/core';
import { openArtifactFile } from './artifact-file.js';
import { openRemoteArtifact } from './remote-artifact.js';
import type { RemoteArtifactOptions } from './remote-artifact.js';

/** Throws as openArtifactFile and openRemoteArtifact. */
export async function openReleaseArtifact(options: RemoteArtifactOptions): Promise<ArtifactSource> {
  const path = options.store.localPath?.(options.key);
  if (path === undefined) return openRemoteArtifact(options);
  return openArtifactFile(path, { sizeBytes: options.sizeBytes });
}
