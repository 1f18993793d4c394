// The public surface of the test equipment: explicit names only.
export { assembleArtifact, makeArtifact, memorySource } from './make-artifact.js';
export type { ArtifactFiles, FileContent, MadeArtifact, MakeArtifactOptions } from './make-artifact.js';
export { createMemoryBuildCache } from './memory-build-cache.js';
export type { MemoryBuildCache } from './memory-build-cache.js';
export { noise } from './noise.js';
