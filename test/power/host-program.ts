// The installer as it is shipped: one file, run by this Node.
import { join } from 'node:path';
import { workspaceDirectory } from '../product-harness.js';

export const HOST_PROGRAM = join(workspaceDirectory, 'packages/cli/bundle/salver-host.mjs');
