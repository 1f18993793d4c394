// Who does something, for the history: the person behind sudo, else the user.
import { userInfo } from 'node:os';
import { printable } from '@salver/core';

const NAME_CHARACTERS_MAX = 64;

/** A name for people; nothing is decided by it. */
export function actingUser(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const name = env['SUDO_USER'] ?? systemUser();
  return printable(name).slice(0, NAME_CHARACTERS_MAX);
}

function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A user without an entry in the user database, as in many containers.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
