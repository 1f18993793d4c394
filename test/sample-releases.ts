// Two real releases of one app, built by `salver build` from the registry double: most of version 2 is as in
// version 1, so that an update links some files and writes others.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildApp } from './product-harness.js';
import { registryEnv, startRegistry } from './registry-double.js';
import { packageOfFiles, writeSampleApp } from './sample-app.js';
import type { DoublePackage } from './registry-double.js';

export interface SampleRelease {
  /** Path of the artifact file. */
  readonly artifact: string;
  readonly id: string;
  readonly name: string;
}

export interface SampleReleases {
  readonly v1: SampleRelease;
  readonly v2: SampleRelease;
}

/** Files per package: an update must take long enough to be killed in the middle. */
const FILES = 200;

/** Builds both releases below `directory`. */
export async function buildSampleReleases(directory: string): Promise<SampleReleases> {
  const steady = packageOfFiles('steady', '1.0.0', FILES);
  const moving = [
    packageOfFiles('moving', '1.0.0', FILES),
    packageOfFiles('moving', '1.1.0', FILES),
  ] as const;
  const registry = await startRegistry([steady, ...moving]);
  try {
    const build = (version: string, packages: readonly DoublePackage[]): Promise<SampleRelease> =>
      buildOne({ directory, version, packages, registry: registry.url });
    return { v1: await build('1.0.0', [steady, moving[0]]), v2: await build('2.0.0', [steady, moving[1]]) };
  } finally {
    await registry.close();
  }
}

async function buildOne(wanted: {
  readonly directory: string;
  readonly version: string;
  readonly packages: readonly DoublePackage[];
  readonly registry: string;
}): Promise<SampleRelease> {
  const { directory, version, packages, registry } = wanted;
  const project = join(directory, `app-${version}`);
  mkdirSync(project, { recursive: true });
  const files = { 'server.js': `console.log('${version}');\n`, 'public/logo.svg': '<svg/>\n' };
  writeSampleApp(project, { version, packages, files });
  const output = join(directory, 'artifacts');
  const env = registryEnv({ cache: join(directory, 'cache'), registry });
  const { artifact, id } = await buildApp(project, output, { env });
  return { artifact, id, name: `${version}-${id.slice(0, 12)}` };
}
