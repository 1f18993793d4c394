export { openArtifactFile } from './artifact-file.js';
