// `completion SHELL`, the same in both programs.
import type { Command, Program } from '../command.js';

/** The command that prints a completion script. `program` is asked for late: it contains this command. */
export function completionCommand(name: string, program: () => Program): Command {
  return {
    name: 'completion',
    summary: 'print a completion script for your shell',
    arguments: [
      {
        name: 'SHELL',
        required: true,
        choices: ['bash', 'zsh', 'fish'],
        summary: 'the shell that will read it',
      },
    ],
    options: [],
    examples: [
      `${name} completion bash > ~/.local/share/bash-completion/completions/${name}`,
      `${name} completion zsh > "\${fpath[1]}/_${name}"`,
      `${name} completion fish > ~/.config/fish/completions/${name}.fish`,
    ],
    load: async () => {
      const { renderCompletion } = await import('./render-completion.js');
      return {
        run: ({ input }) => {
          const script = renderCompletion(program(), input.arguments.get('SHELL') ?? '');
          return Promise.resolve({ text: script.trimEnd(), json: { script } });
        },
      };
    },
  };
}
