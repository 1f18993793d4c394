// A small npm project with a lockfile, made by the test itself: dependencies come from the registry double.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { integrityOf } from './registry-double.js';
import type { DoublePackage } from './registry-double.js';

export interface SampleApp {
  readonly version?: string;
  readonly packages?: readonly DoublePackage[];
  /** Names of packages that the app can do without. */
  readonly optional?: readonly string[];
  /** Files of the app; `server.js` is added when missing. */
  readonly files?: Readonly<Record<string, string>>;
  /** Fields of package.json beside the usual ones. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Changes an entry of the lock, e.g. its integrity. */
  readonly editLock?: (entry: Record<string, unknown>, each: DoublePackage) => Record<string, unknown>;
}

/** Writes the project, with package.json and package-lock.json that agree. */
export function writeSampleApp(directory: string, app: SampleApp = {}): void {
  const packages = app.packages ?? [];
  const isOptional = ({ name }: DoublePackage): boolean => app.optional?.includes(name) === true;
  const root = {
    name: 'sample',
    version: app.version ?? '1.0.0',
    dependencies: ranges(packages.filter((each) => !isOptional(each))),
    optionalDependencies: ranges(packages.filter(isOptional)),
  };
  const entries = packages.map((each) => [`node_modules/${each.name}`, lockEntry(each, app)]);
  const lock = {
    name: root.name,
    version: root.version,
    lockfileVersion: 3,
    requires: true,
    packages: { '': root, ...(Object.fromEntries(entries) as object) },
  };
  writeTree(directory, {
    'package.json': json({ ...root, ...app.fields }),
    'package-lock.json': json(lock),
    'server.js': "console.log('hello');\n",
    ...app.files,
  });
}

/** Writes files below a directory, creating what is above them. */
export function writeTree(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    const target = join(directory, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
}

function ranges(packages: readonly DoublePackage[]): Record<string, string> {
  return Object.fromEntries(packages.map(({ name, version }) => [name, version]));
}

const LOCKED_FIELDS = ['os', 'cpu', 'engines'];

function lockEntry(each: DoublePackage, app: SampleApp): Record<string, unknown> {
  const fields = Object.entries(each.fields ?? {}).filter(([name]) => LOCKED_FIELDS.includes(name));
  const scripts = each.fields?.['scripts'] === undefined ? {} : { hasInstallScript: true };
  const locked = { version: each.version, integrity: integrityOf(each), ...scripts };
  const optional = app.optional?.includes(each.name) === true ? { optional: true } : {};
  const entry = { ...locked, ...optional, ...(Object.fromEntries(fields) as object) };
  return app.editLock?.(entry, each) ?? entry;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

const DIRECTORIES = 10;

/** A package of `count` small files. Another version changes every file. */
export function packageOfFiles(name: string, version: string, count: number): DoublePackage {
  const files = Array.from({ length: count }, (_, index) => [
    `lib/part-${index % DIRECTORIES}/file-${index}.js`,
    `// ${name} ${version}\nmodule.exports = ${JSON.stringify(`${name}-${index}`.repeat(20))};\n`,
  ]);
  return { name, version, files: Object.fromEntries(files) as Record<string, string> };
}
