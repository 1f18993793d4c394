import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatListenAddress, parseListenAddress } from '../dist/serve/listen-address.js';
import { handedOverAddress } from '../dist/serve/listening-socket.js';
import { withCode } from './test-root.js';

const ADDRESSES = ['127.0.0.1:3000', '[::1]:80', '0.0.0.0:0', 'unix:/run/shop.sock', 'fd:3'];

test('an address is read as it is written', () => {
  for (const text of ADDRESSES) assert.equal(formatListenAddress(parseListenAddress(text)), text);
  assert.deepEqual(parseListenAddress('localhost:3000'), { kind: 'tcp', host: '127.0.0.1', port: 3000 });
});

const NO_ADDRESSES = [
  '',
  '3000',
  ':3000',
  'example.org:80',
  '127.0.0.1:65536',
  '[127.0.0.1]:1',
  'unix:shop.sock',
];

test('what is no address, or not the same one wherever it is started, is refused', () => {
  for (const text of [...NO_ADDRESSES, 'fd:2', 'fd:99999', '127.0.0.1:1\n']) {
    assert.throws(() => parseListenAddress(text), withCode('E_USAGE'), text);
  }
});

test('a socket from systemd is used only by the process it was handed to', () => {
  const mine = { LISTEN_PID: String(process.pid), LISTEN_FDS: '1' };
  assert.deepEqual(handedOverAddress(mine), { kind: 'fd', fd: 3 });
  assert.equal(handedOverAddress({ ...mine, LISTEN_PID: '1' }), undefined);
  assert.equal(handedOverAddress({}), undefined);
  assert.throws(() => handedOverAddress({ ...mine, LISTEN_FDS: '2' }), withCode('E_ADDRESS_UNUSABLE'));
});
