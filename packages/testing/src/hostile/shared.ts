// Shared paths: the links that the installer makes itself, against what the archive puts in their way.
import { accepts, refuses } from './hostile-case.js';
import type { HostileCase, HostileClass } from './hostile-case.js';
import { sealed } from './seal.js';
import { directory, file, symlink } from './tar-part.js';
import type { TarPart } from './tar-part.js';

const sharing = (shared: readonly string[], parts: readonly TarPart[]): Buffer =>
  sealed(parts, { manifest: (manifest) => ({ ...manifest, host: { shared } }) });

const unsafe = (what: string, shared: readonly string[], parts: readonly TarPart[]): HostileCase =>
  refuses(what, () => sharing(shared, parts), 'E_PATH_UNSAFE');

const invalid = (path: string): HostileCase =>
  refuses(
    `the shared path ${JSON.stringify(path)}`,
    () => sharing([path], [file('a', 'x')]),
    'E_MANIFEST_INVALID',
  );

export const sharedPaths: HostileClass = {
  name: 'shared paths',
  cases: [
    ...['../x', '/etc', 'a/../b', '', '.', 'a\\b', 'a\nb', `${'a/'.repeat(64)}b`].map(invalid),
    unsafe('a shared path in .salver', ['.salver'], [file('a', 'x')]),
    unsafe('the manifest as a shared path', ['.salver/manifest.json'], [file('a', 'x')]),
    unsafe('a shared path in a shared path', ['b', 'b/c'], [file('a', 'x')]),
    unsafe('a shared path twice', ['b', 'b'], [file('a', 'x')]),
    unsafe('a link at a shared path', ['a'], [symlink('a', 'b')]),
    unsafe('a link below a shared path', ['a'], [directory('a'), symlink('a/b', 'c')]),
    unsafe('a file above a shared path', ['a/b'], [file('a', 'x')]),
    unsafe('a link above a shared path', ['a/b'], [symlink('a', 'c')]),
    refuses('a link that leaves through the names of a shared path', () =>
      sharing(['data'], [symlink('a', 'data/../../sentinel')]),
    ),
    refuses('a link into the shared directory by its own way', () =>
      sharing(['data'], [symlink('a', '../../shared/data')]),
    ),
    refuses('a link that goes up from a shared path', () => sharing(['data'], [symlink('a', 'data/../b')])),
    refuses('a link that goes up from a shared path through a link', () =>
      sharing(['data/x'], [symlink('a', 'b/../../c'), symlink('b', 'data/x')]),
    ),
    accepts('a link into a shared path', { a: 'link data/b/../c', data: 'link ../../shared/data' }, () =>
      sharing(['data'], [symlink('a', 'data/b/../c')]),
    ),
  ],
};
