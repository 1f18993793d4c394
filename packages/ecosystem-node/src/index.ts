// The public surface of ecosystem-node: explicit names only.
export { createNpmEcosystem } from './ecosystem.js';
export { createManagerEcosystems } from './managers/ecosystem.js';
