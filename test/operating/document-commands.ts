// The commands of docs/operating.md as they are written there, so that the document cannot drift from what is tested.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceDirectory } from '../product-harness.js';

export interface DocumentBlock {
  /** Heading of its section. */
  readonly heading: string;
  /** `sh`, `ini`, … */
  readonly language: string;
  readonly text: string;
}

/** All fenced blocks of the document, in turn. */
export function documentBlocks(): readonly DocumentBlock[] {
  const text = readFileSync(join(workspaceDirectory, 'docs/operating.md'), 'utf8');
  const parts = text.matchAll(/^## (.*)$|^```(\w+)\n([\s\S]*?)^```$/gm);
  let heading = '';
  const blocks: DocumentBlock[] = [];
  for (const [, title, language, body] of parts) {
    if (title !== undefined) heading = title;
    else blocks.push({ heading, language: language ?? '', text: body ?? '' });
  }
  return blocks;
}

/** Hands out the blocks of the document, and knows at the end which were left out. */
export class DocumentCommands {
  readonly #blocks = documentBlocks();
  readonly #used = new Set<DocumentBlock>();
  readonly #words: Readonly<Record<string, string>>;

  /** @param words what stands for something else in the document, and what it is here. */
  constructor(words: Readonly<Record<string, string>>) {
    this.#words = words;
  }

  /** The block of the section that holds `part`. */
  block(heading: string, part: string): string {
    return this.#inHostsWords(this.#find(heading, part).text);
  }

  /** One command of the section: the line that holds `part`. `words` stand for something in this line only. */
  line(heading: string, part: string, words: Readonly<Record<string, string>> = {}): string {
    const lines = this.#find(heading, part).text.split('\n');
    const line = lines.find((text) => text.includes(part)) ?? '';
    return this.#inHostsWords(line, words);
  }

  #find(heading: string, part: string): DocumentBlock {
    const block = this.#blocks.find((each) => each.heading === heading && each.text.includes(part));
    assert.ok(block !== undefined, `"${heading}" has no block with ${part}`);
    this.#used.add(block);
    return block;
  }

  #inHostsWords(text: string, words: Readonly<Record<string, string>> = {}): string {
    let result = text;
    for (const [word, meaning] of Object.entries({ ...this.#words, ...words })) {
      result = result.replaceAll(word, meaning);
    }
    return result;
  }

  /** Blocks that nobody asked for. */
  get left(): readonly DocumentBlock[] {
    return this.#blocks.filter((block) => !this.#used.has(block));
  }
}
