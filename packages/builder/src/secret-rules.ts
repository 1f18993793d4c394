// What the secret guard looks for: names of files that hold secrets, and forms of secrets in any file.

/** A file that must not ship because of its name, unless `accepts` finds its content harmless. */
export interface NameRule {
  readonly rule: string;
  /** Compared with the path from the top of the release. */
  readonly pattern: RegExp;
  /** True when content of this file is known to be public. Default: never. */
  readonly accepts?: (content: string) => boolean;
}

/** `.pem` and `.key` files are secret unless every block in them is a public one. */
function isPublicPem(content: string): boolean {
  const blocks = content.match(/-----BEGIN [A-Z0-9 ]+-----/g) ?? [];
  return blocks.length > 0 && blocks.every((block) => /CERTIFICATE|PUBLIC KEY|DH PARAMETERS/.test(block));
}

/** A setting whose value comes from the environment (`${TOKEN}`) is no secret. */
function hasNo(secret: RegExp): (content: string) => boolean {
  return (content) => !secret.test(content);
}

export const NAME_RULES: readonly NameRule[] = [
  {
    rule: 'environment file',
    pattern: /(?:^|\/)\.env(?:\.(?!(?:example|sample|template|dist|defaults?)$)[^/]*)?$/,
  },
  {
    rule: 'npm credentials',
    pattern: /(?:^|\/)\.npmrc$/,
    accepts: hasNo(/(?:_authToken|_password|_auth)\s*=\s*(?!["']?\$\{)\S/),
  },
  {
    rule: 'yarn credentials',
    pattern: /(?:^|\/)\.yarnrc\.yml$/,
    accepts: hasNo(/npmAuth(?:Token|Ident):\s*(?!["']?\$\{)\S/),
  },
  {
    rule: 'stored credentials',
    pattern: /(?:^|\/)(?:\.netrc|_netrc|\.git-credentials|\.pypirc|\.pgpass|\.vault-token)$/,
  },
  { rule: 'SSH private key', pattern: /(?:^|\/)id_(?:rsa|dsa|ecdsa|ed25519|ecdsa_sk|ed25519_sk)$/ },
  { rule: 'private key file', pattern: /\.(?:pem|key)$/i, accepts: isPublicPem },
  { rule: 'key store', pattern: /\.(?:p12|pfx|jks|keystore|kdbx)$/i },
  { rule: 'directory of credentials', pattern: /(?:^|\/)(?:\.aws|\.ssh|\.kube|\.gnupg|\.azure)\// },
  { rule: 'Docker credentials', pattern: /(?:^|\/)\.docker\/config\.json$/ },
  { rule: 'Terraform state', pattern: /\.tfstate(?:\.backup)?$/ },
  {
    rule: 'service account',
    pattern: /(?:^|\/)service[-_]?account[^/]*\.json$/i,
    accepts: hasNo(/"private_key"/),
  },
  { rule: 'memory dump', pattern: /(?:\.heapsnapshot|\.heapdump|(?:^|\/)core\.[0-9]+)$/ },
];

/** A form of secret. `anchors` are texts one of which every match contains: files without them need no closer look. */
export interface ContentRule {
  readonly rule: string;
  readonly anchors: readonly string[];
  readonly pattern: RegExp;
}

/**
 * Libraries that parse keys contain the BEGIN line as a constant, so a key is only one with base64 behind it: on the next
 * line (written as `\\n` inside a string), possibly after headers; or, when the lines are strings of their own, enough
 * of it not to be code.
 */
const KEY_BEGIN = '-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----';
const KEY_HEADERS = '(?:(?:Proc-Type|DEK-Info|Version|Comment): ?[^\\r\\n\\\\]{0,100}|\\s|\\\\[nr]){0,60}';
const KEY_LINE = '[A-Za-z0-9+/=]{4,}(?=[\\r\\n\\\\"\'`]|$)';
const KEY_SPLIT = '(?:\\s|\\\\[nr]|["\'`+,]){1,60}[A-Za-z0-9+/=]{24}';
const PRIVATE_KEY = new RegExp(`${KEY_BEGIN}(?:(?:[\\r\\n]|\\\\[nr])${KEY_HEADERS}${KEY_LINE}|${KEY_SPLIT})`);

export const CONTENT_RULES: readonly ContentRule[] = [
  { rule: 'private key', anchors: ['PRIVATE KEY'], pattern: PRIVATE_KEY },
  // AWS writes its example keys with EXAMPLE at the end.
  {
    rule: 'AWS access key',
    anchors: ['AKIA', 'ASIA'],
    pattern: /\b(?:AKIA|ASIA)(?![0-9A-Z]{9}EXAMPLE)[0-9A-Z]{16}\b/,
  },
  {
    rule: 'GitHub token',
    anchors: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'],
    pattern: /\bgh[pousr]_[A-Za-z0-9]{36}/,
  },
  { rule: 'GitHub token', anchors: ['github_pat_'], pattern: /\bgithub_pat_[A-Za-z0-9_]{22}/ },
  { rule: 'GitLab token', anchors: ['glpat-'], pattern: /\bglpat-[A-Za-z0-9_-]{20}/ },
  { rule: 'npm token', anchors: ['npm_'], pattern: /\bnpm_[A-Za-z0-9]{36}\b/ },
  { rule: 'Slack token', anchors: ['xox'], pattern: /\bxox[abeprs]-[0-9A-Za-z-]{10}/ },
  { rule: 'Stripe key', anchors: ['sk_live_', 'rk_live_'], pattern: /\b[sr]k_live_[0-9A-Za-z]{16}/ },
];
