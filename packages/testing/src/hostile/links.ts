// Links of both kinds: through which an archive writes, or points, where it must not.
import { accepts, refuses } from './hostile-case.js';
import type { HostileClass } from './hostile-case.js';
import { sealUnits, sealed } from './seal.js';
import { directory, file, longLink, record, symlink } from './tar-part.js';
import type { TarPart } from './tar-part.js';

const LINK_STEPS_MAX = 40;

export const writesThroughLinks: HostileClass = {
  name: 'symlink, then write through it',
  cases: [
    refuses('a link out of the root and a file through it', () =>
      sealed([symlink('a', '../../../outside'), file('a/b', 'x')]),
    ),
    refuses('an absolute link and a file through it', () => sealed([symlink('a', '/tmp'), file('a/b', 'x')])),
    refuses('a link inside the release and a file through it', () =>
      sealed([symlink('a', 'c'), file('a/b', 'x'), directory('c')]),
    ),
    refuses('a link and a directory through it', () =>
      sealed([symlink('a', 'c'), directory('a/b'), directory('c')]),
    ),
    refuses('a link and a link through it', () => sealed([symlink('a', 'c'), symlink('a/b', 'x')])),
    refuses('a link and a file three levels below it', () =>
      sealed([symlink('a', '.'), file('a/a/a/b', 'x')]),
    ),
    refuses('a directory, then a link in its place', () =>
      sealed([directory('a'), symlink('a', '..'), file('a/b', 'x')]),
    ),
    refuses('a file below a name that later becomes a link', () =>
      sealUnits([
        { kind: 'npm', name: 'a/b', path: 'a/b', members: [[file('a/b', 'x')]] },
        { members: [[symlink('a', '../../outside')]] },
      ]),
    ),
    refuses('a link in one unit and a file through it in the next', () =>
      sealUnits([
        { kind: 'npm', name: 'a', path: 'a', members: [[symlink('a', '../../outside')]] },
        { members: [[file('a/b', 'x')]] },
      ]),
    ),
    refuses('a link and a file of the same name through it', () =>
      sealed([symlink('a', '../../../sentinel'), file('a', 'x')]),
    ),
  ],
};

export const linkTargets: HostileClass = {
  name: 'symlinks that leave the root',
  cases: [
    ...['/etc/passwd', '/', '//x', '..', '../..', '../../../../sentinel', './../x', 'b/../../x'].map(
      (target) => refuses(`a link to ${target}`, () => sealed([symlink('a', target)])),
    ),
    refuses('a link to nothing', () => sealed([symlink('a', '')])),
    refuses('a link to itself', () => sealed([symlink('a', 'a')])),
    refuses('two links to each other', () => sealed([symlink('a', 'b'), symlink('b', 'a')])),
    refuses('a long target that leaves the root', () => {
      const target = `${'b/'.repeat(60)}${'../'.repeat(61)}sentinel`;
      return sealed([longLink(target), symlink('a', target.slice(0, 100))]);
    }),
    refuses('a target with a control character', () => sealed([symlink('a', 'b\nc')])),
    refuses('a target that is not UTF-8', () => sealed([symlink('a', Buffer.from([0x62, 0xff]))])),
    refuses('a link with data', () => sealed([symlink('a', 'b', { data: 'x', size: 1 })])),
    accepts(
      'links that stay inside, dangling ones too',
      { a: 'link b/../c', b: 'directory', c: 'file x', d: 'link nowhere', e: 'link .', f: 'link ./b/' },
      () =>
        sealed([
          symlink('a', 'b/../c'),
          directory('b'),
          file('c', 'x'),
          symlink('d', 'nowhere'),
          symlink('e', '.'),
          symlink('f', './b/'),
        ]),
    ),
  ],
};

export const linkChains: HostileClass = {
  name: 'symlink chains',
  cases: [
    refuses('a link to the parent and one through it that leaves', () =>
      sealed([directory('a'), symlink('a/escape', 'up/../../sentinel'), symlink('a/up', '..')]),
    ),
    refuses('a chain that leaves with its third link', () =>
      sealed([directory('a'), symlink('a/b', 'c'), symlink('a/c', '../d'), symlink('d', 'a/../../x')]),
    ),
    refuses('a link through a link to the top', () => sealed([symlink('a', '.'), symlink('b', 'a/..')])),
    refuses('a directory link that makes .. mean another directory', () =>
      sealed([
        directory('a'),
        directory('a/b'),
        symlink('c', 'a/b/../d'),
        symlink('e', 'f/../../x'),
        symlink('f', 'a'),
      ]),
    ),
    refuses(`a chain of ${LINK_STEPS_MAX + 1} links`, () => sealed(chain(LINK_STEPS_MAX + 1))),
    refuses('links that double with each step', () =>
      sealed(
        [...'abcdefgh']
          .map((name, index) => symlink(name, `${'ijklmnop'[index] ?? ''}/../${name}x`))
          .concat(
            [...'abcdefgh'].map((name, index) => symlink(`${name}x`, `${'bcdefgha'[index] ?? ''}/../b`)),
          )
          .sort((left, right) => left.bytes.compare(right.bytes)),
      ),
    ),
    accepts('a chain of three links', { a0: 'link a1', a1: 'link a2', a2: 'link a3', a3: 'file end' }, () =>
      sealed([symlink('a0', 'a1'), symlink('a1', 'a2'), symlink('a2', 'a3'), file('a3', 'end')]),
    ),
  ],
};

/** Links 100 -> 101 -> …, in order. */
function chain(length: number): readonly TarPart[] {
  return Array.from({ length }, (_, index) => symlink(`a${100 + index}`, `a${101 + index}`));
}

export const hardLinks: HostileClass = {
  name: 'hard links',
  cases: [
    ...['b', '/etc/passwd', '../../../sentinel', 'a', 'missing', '.salver/manifest.json'].map((target) =>
      refuses(`a hard link to ${target}`, () =>
        sealed([file('b', 'x'), record('1', '', { name: 'c', link: target })], {
          manifest: (manifest) => ({ ...manifest, units: counted(manifest.units, 2) }),
        }),
      ),
    ),
    refuses('a hard link that comes before its target', () =>
      sealed([record('1', '', { name: 'a', link: 'b' }), file('b', 'x')]),
    ),
    refuses('a hard link through a symlink', () =>
      sealed([symlink('a', '../..'), record('1', '', { name: 'b', link: 'a/sentinel' })]),
    ),
    refuses('a hard link with data', () => sealed([record('1', 'data', { name: 'a', link: 'b' })])),
  ],
};

function counted(units: unknown, entries: number): unknown {
  return (units as Record<string, unknown>[]).map((unit) => ({ ...unit, entries }));
}
