export { openArtifactFile } from './artifact-file.js';
export { openFileStore } from './file-store.js';
