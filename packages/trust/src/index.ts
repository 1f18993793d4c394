export { sshSignatureMaker } from './ssh-sign.js';
export type { SshSigning } from './ssh-sign.js';
export { sshSignatureVerifier } from './ssh-verify.js';
export { keyFingerprint } from './key-fingerprint.js';
