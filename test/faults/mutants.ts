// Programs that are wrong on purpose, each in one place, and all right as long as nothing disturbs them: the oracle
// must tell every one of them from the real one, or its silence about the real one is worth nothing.
import type { BundlePatch } from './host-program.js';

export interface Mutant {
  readonly name: string;
  readonly patches: readonly BundlePatch[];
  /** Operation in which it shows, by name. */
  readonly operation: string;
  /** The calls around the place. */
  readonly at: RegExp;
  /** The promise that the oracle must find broken. */
  readonly breaks: string;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'removes the link before it makes the new one',
    patches: [
      {
        find: /try\{\(0,(\w+)\.renameSync\)\(temporary,(link\d*)\)\}/,
        replace: 'try{(0,$1.rmSync)($2,{force:true});(0,$1.renameSync)(temporary,$2)}',
      },
    ],
    operation: 'update',
    at: /\/current"/,
    breaks: 'I1',
  },
  {
    name: 'sets `previous` behind the switch',
    patches: [
      {
        find: /(if\(newPrevious!==void 0&&newPrevious!==release\)replaceLink\(paths,paths\.previous,newPrevious\));(replaceLink\(paths,paths\.current,release\))/,
        replace: '$2;$1',
      },
    ],
    operation: 'update',
    at: /salver-link-\d|root-\d+>\)/,
    breaks: 'I4',
  },
  {
    name: 'writes the journal behind the switch',
    patches: [
      { find: /openJournal\(act\);try\{/, replace: 'try{' },
      {
        find: /else switchForward\(paths,release,newPrevious\)/,
        replace: 'else{switchForward(paths,release,newPrevious);openJournal(act)}',
      },
    ],
    operation: 'update',
    at: /journal|root-\d+>\)/,
    breaks: 'I4',
  },
  {
    name: 'unpacks under the final name',
    patches: [
      { find: /const tree=`\$\{staging\}\/tree`/, replace: 'const tree=releasePath(paths,release)' },
      {
        find: /if\(\(0,\w+\.existsSync\)\(place\)\)\(0,\w+\.renameSync\)\(place,`\$\{staging\}\/damaged`\);/,
        replace: '',
      },
      { find: /\(0,\w+\.renameSync\)\(tree,place\);/, replace: '' },
    ],
    operation: 'update',
    at: /moving\/lib\/part/,
    breaks: 'I1',
  },
  {
    name: 'leaves what a dead run has staged',
    patches: [
      {
        find: /for\(const path of leftovers\)\(0,\w+\.rmSync\)\(path,\{recursive:true,force:true\}\);/,
        replace: '',
      },
    ],
    operation: 'update',
    at: /moving\/lib\/part/,
    breaks: 'I5',
  },
  {
    name: 'recovers under the number of the act that was cut off',
    patches: [
      {
        find: /hooks:\{\.\.\.act\.hooks,previous:from\},contractRan/,
        replace: 'hooks:{...act.hooks,previous:from,txid:journal.txid},contractRan',
      },
    ],
    operation: 'update with every hook',
    at: /marks\/4\.0\.0|history/,
    breaks: 'I10',
  },
];
