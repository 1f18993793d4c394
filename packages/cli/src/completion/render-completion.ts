// Completion scripts made from a program's table.
import type { Program } from '../command.js';
import { renderBash } from './render-bash.js';
import { renderFish } from './render-fish.js';
import { renderZsh } from './render-zsh.js';

const RENDERERS: Readonly<Record<string, (program: Program) => string>> = {
  bash: renderBash,
  zsh: renderZsh,
  fish: renderFish,
};

/** The script for `bash`, `zsh` or `fish`. */
export function renderCompletion(program: Program, shell: string): string {
  const render = RENDERERS[shell];
  if (render === undefined) throw new TypeError(`no completion for ${shell}`);
  return render(program);
}
