// The public surface of the test equipment: explicit names only.
export { assembleArtifact, makeArtifact, memorySource } from './make-artifact.js';
export type { ArtifactFiles, FileContent, MadeArtifact, MakeArtifactOptions } from './make-artifact.js';
export { createMemoryBuildCache } from './memory-build-cache.js';
export type { MemoryBuildCache } from './memory-build-cache.js';
export { noise } from './noise.js';
export { hostileClasses } from './hostile/all-cases.js';
export type { ExpectedTree, HostileCase, HostileClass, Verdict } from './hostile/hostile-case.js';
export { mutateBytes } from './fuzz/mutate-bytes.js';
export { mutateJson } from './fuzz/mutate-json.js';
export { mutateTar } from './fuzz/mutate-tar.js';
export { Random } from './fuzz/random.js';
export { headMember } from './hostile/seal.js';
export { directory, file, symlink } from './hostile/tar-part.js';
export { describeStore } from './store-contract.js';
export type { OpenStore, TestLike } from './store-contract.js';
