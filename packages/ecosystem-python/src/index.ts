// The public surface of ecosystem-python: explicit names only.
export { createPythonEcosystem } from './ecosystem.js';
