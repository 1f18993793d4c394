// Values of environment variables that look like secrets: whatever file they end up in, they must not ship.

/** One value to look for. */
export interface SecretValue {
  /** Name of the variable, for messages; never the value. */
  readonly variable: string;
  /** Forms in which it would stand in a file. */
  readonly forms: readonly Buffer[];
}

const SECRET_NAME = /TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|API_?KEY|ACCESS_?KEY|PRIVATE|CREDENTIAL/i;
const VALUE_CHARACTERS_MIN = 8;
const VALUE_CHARACTERS_MAX = 16 * 1024;

/** Words that stand in such variables without being secret, and in every other source file. */
const COMMON_WORDS = new Set([
  'changeme',
  'default',
  'development',
  'disabled',
  'enabled',
  'localhost',
  'anonymous',
  'password',
  'production',
  'required',
  'optional',
  'undefined',
  'placeholder',
]);

/** The secret-looking values of an environment. */
export function secretValues(env: Readonly<Record<string, string | undefined>>): readonly SecretValue[] {
  const values: SecretValue[] = [];
  for (const [variable, raw] of Object.entries(env)) {
    const value = raw?.trim() ?? '';
    if (SECRET_NAME.test(variable) && isWorthLooking(value)) values.push({ variable, forms: formsOf(value) });
  }
  return values;
}

function isWorthLooking(value: string): boolean {
  if (value.length < VALUE_CHARACTERS_MIN || value.length > VALUE_CHARACTERS_MAX) return false;
  if (COMMON_WORDS.has(value.toLowerCase())) return false;
  return !isPath(value) && !isPlainUrl(value);
}

/** `SSH_PRIVATE_KEY_FILE=/home/me/key` names a file; the secret is in there, not in the name. */
function isPath(value: string): boolean {
  return /^(?:~?\/|\.{1,2}\/|[A-Za-z]:\\)[^\n]*$/.test(value) && !/[+=]/.test(value);
}

/** A URL is only secret with a user part or a query. */
function isPlainUrl(value: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^@?\s]*$/i.test(value);
}

/** As it is, and as it stands inside a JSON or JavaScript string. */
function formsOf(value: string): readonly Buffer[] {
  const escaped = JSON.stringify(value).slice(1, -1);
  return [...new Set([value, escaped])].map((form) => Buffer.from(form, 'utf8'));
}
