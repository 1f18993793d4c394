// Names that deceive: in two Unicode forms, with control characters, with bytes that are no text.
import { accepts, refuses } from './hostile-case.js';
import type { HostileCase, HostileClass } from './hostile-case.js';
import { sealed } from './seal.js';
import { file, longName } from './tar-part.js';

const COMPOSED = '\u00e9';
const DECOMPOSED = 'e\u0301';

/**
 * npm trees hold such names, so the format allows them, and a host whose file system folds names refuses them where
 * they clash: each file is created exclusively. These trees are right on file systems that tell names apart.
 */
export const unicodeForms: HostileClass = {
  name: 'case and Unicode forms',
  cases: [
    accepts('names that differ by case', { A: 'file 1', a: 'file 2' }, () =>
      sealed([file('A', '1'), file('a', '2')]),
    ),
    accepts('names in two Unicode forms', { [DECOMPOSED]: 'file 1', [COMPOSED]: 'file 2' }, () =>
      sealed([file(DECOMPOSED, '1'), file(COMPOSED, '2')]),
    ),
    accepts('ß and ss', { ss: 'file 1', ß: 'file 2' }, () => sealed([file('ss', '1'), file('ß', '2')])),
    accepts('a Turkish dotless i', { i: 'file 1', ı: 'file 2' }, () =>
      sealed([file('i', '1'), file('ı', '2')]),
    ),
    accepts('names of other alphabets', { а: 'file 1', 日本: 'file 2', '😀': 'file 3' }, () =>
      sealed([file('а', '1'), file('日本', '2'), file('😀', '3')]),
    ),
    accepts(
      'names with spaces, quotes and shell characters',
      { ' $(id)': 'file 1', "';*": 'file 2', '-rf': 'file 3' },
      () => sealed([file(' $(id)', '1'), file("';*", '2'), file('-rf', '3')]),
    ),
    refuses('two Unicode forms in the wrong order', () =>
      sealed([file(COMPOSED, '1'), file(DECOMPOSED, '2')]),
    ),
  ],
};

const refusesName = (what: string, name: string | Buffer): HostileCase =>
  refuses(`a name with ${what}`, () => sealed([file(name, 'x')]));

export const controlCharacters: HostileClass = {
  name: 'control and bidi characters',
  cases: [
    refusesName('a line feed', 'a\nb'),
    refusesName('a carriage return', 'a\rb'),
    refusesName('a tab', 'a\tb'),
    refusesName('an escape sequence', 'a\u001b[2Jb'),
    refusesName('a bell', 'a\u0007'),
    refusesName('DEL', 'a\u007f'),
    refusesName('a C1 control', 'a\u0085b'),
    refusesName('a left-to-right mark', 'a\u200eb'),
    refusesName('a right-to-left override', 'a\u202egnp.js'),
    refusesName('a bidi isolate', 'a\u2066b'),
    refusesName('an Arabic letter mark', 'a\u061cb'),
    refusesName('a replacement character', 'a\ufffdb'),
    refuses('a long name with a control character', () => {
      const name = `${'a/'.repeat(55)}b\nc`;
      return sealed([longName(name), file(name.slice(0, 100), 'x')]);
    }),
  ],
};

export const undecodableNames: HostileClass = {
  name: 'NUL and invalid UTF-8',
  cases: [
    refusesName('an overlong slash', Buffer.from('a\u00c0\u00afb', 'latin1')),
    refusesName('overlong dots', Buffer.from('\u00c0\u00ae\u00c0\u00ae/sentinel', 'latin1')),
    refusesName('an overlong NUL', Buffer.from('a\u00c0\u0080b', 'latin1')),
    refusesName('a surrogate', Buffer.from('eda080', 'hex')),
    refusesName('a pair of surrogates in UTF-8', Buffer.from('eda081edb080', 'hex')),
    refusesName('a code point above U+10FFFF', Buffer.from('f4908080', 'hex')),
    refusesName('half a character', Buffer.from('61c3', 'hex')),
    refusesName('Latin-1', Buffer.from('caf\u00e9', 'latin1')),
    refusesName('a byte 0xff', Buffer.from('61ff', 'hex')),
    refusesName('NUL at its begin', '\0a'),
    refuses('a name cut within a character at 100 bytes', () => sealed([file(`${'a'.repeat(99)}é`, 'x')])),
    accepts('a byte order mark, kept', { '\ufeffa': 'file 1' }, () => sealed([file('\ufeffa', '1')])),
    accepts('an unnamed code point', { '\u{10fffe}': 'file 1' }, () => sealed([file('\u{10fffe}', '1')])),
  ],
};
