// The socket that the supervisor owns: that it listens, and that nobody in this process accepts from it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseListenAddress } from '../dist/serve/listen-address.js';
import { openListeningSocket } from '../dist/serve/listening-socket.js';
import type { ListeningSocket } from '../dist/serve/listening-socket.js';
import { pollsSocket, socketsOf } from '../dist/serve/command-processes.js';
import { acceptedInodes } from '../dist/serve/socket-facts.js';
import { makeTempDir, withCode } from './test-root.js';

/** Connects, and tells whether anybody in this process accepts while its loop turns many times. */
async function isAccepted(listener: ListeningSocket): Promise<boolean> {
  const { address } = listener;
  const client = address.kind === 'unix' ? connect(address.path) : connect(address.port, address.host);
  await once(client, 'connect');
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  const accepted = acceptedInodes(address);
  client.destroy();
  return accepted.size > 0;
}

test('connections wait in the queue: the process that owns the socket does not accept them', async (t) => {
  for (const text of ['127.0.0.1:0', '[::1]:0', `unix:${makeTempDir(t)}/app.sock`]) {
    const listener = await openListeningSocket(parseListenAddress(text));
    t.after(() => listener.close());
    assert.equal(await isAccepted(listener), false, text);
    assert.equal(pollsSocket(process.pid, listener.inode), false);
    assert.ok(socketsOf(process.pid).has(listener.inode));
  }
});

test('a server that accepts is seen, and its connections are', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect(port, '127.0.0.1');
  t.after(() => client.destroy());
  const [[accepted]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [
    [{ destroy(): void }],
    unknown,
  ];
  const address = { kind: 'tcp', host: '127.0.0.1', port } as const;
  const [inode = ''] = acceptedInodes(address, client.localPort);
  assert.ok(socketsOf(process.pid).has(inode));
  assert.equal(acceptedInodes(address, 1).size, 0);
  accepted.destroy();
});

test('an address that somebody has is refused, a socket file that a dead server left is replaced', async (t) => {
  const listener = await openListeningSocket(parseListenAddress('127.0.0.1:0'));
  t.after(() => listener.close());
  const taken = openListeningSocket(parseListenAddress(listener.name));
  await assert.rejects(taken, withCode('E_ADDRESS_UNUSABLE'));

  const path = join(makeTempDir(t), 'app.sock');
  const first = await openListeningSocket({ kind: 'unix', path });
  await assert.rejects(openListeningSocket({ kind: 'unix', path }), withCode('E_ADDRESS_UNUSABLE'));
  first.close();
  (await openListeningSocket({ kind: 'unix', path })).close();

  writeFileSync(path, 'not a socket');
  await assert.rejects(openListeningSocket({ kind: 'unix', path }), withCode('E_ADDRESS_UNUSABLE'));
});

test('a descriptor that is no listening socket is refused', async () => {
  await assert.rejects(openListeningSocket({ kind: 'fd', fd: 900 }), withCode('E_ADDRESS_UNUSABLE'));
});
