// Signing with a key file, an agent or a hardware key: whatever `ssh-keygen -Y sign` can use.
import { SalverError, printable, splitSignatures } from '@salver/core';
import type { SignatureMaker, SignatureNamespace } from '@salver/core';
import { runKeygen } from './ssh-keygen.js';

export interface SshSigning {
  /** Path of a private key, or of a public one whose private half an agent has. */
  readonly key: string;
}

/** Signs with one key. The program may ask for a passphrase on the terminal, or for a touch of the key. */
export function sshSignatureMaker({ key }: SshSigning): SignatureMaker {
  return {
    async sign(content: Buffer, namespace: SignatureNamespace): Promise<string> {
      const args = ['-q', '-Y', 'sign', '-f', key, '-n', namespace];
      const { ok, stdout, stderr } = await runKeygen({ args, input: content, mayAsk: true });
      const [signature] = splitSignatures(stdout);
      if (ok && signature !== undefined) return signature;
      throw new SalverError(
        'E_SIGNING_FAILED',
        `ssh-keygen could not sign with ${printable(key)}: ${lastLine(stderr)}`,
        {
          hint: 'check the path of the key; for a key in an agent name its .pub file and check `ssh-add -l`',
        },
      );
    },
  };
}

function lastLine(text: string): string {
  return printable(text.trim().split('\n').at(-1) ?? '');
}
