// Opening an artifact for the length of a command.
import { openArtifactFile } from '@salver/stores';
import type { ArtifactSource } from '@salver/core';

/** Opens the artifact, hands it over, closes it. Throws E_ARTIFACT_NOT_FOUND, E_FILE_SYSTEM and what `work` throws. */
export async function withArtifact<T>(
  path: string,
  work: (source: ArtifactSource) => T | Promise<T>,
): Promise<T> {
  const source = openArtifactFile(path);
  try {
    return await work(source);
  } finally {
    source.close();
  }
}
