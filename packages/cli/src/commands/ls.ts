import {
  isSalverError,
  parseChannel,
  shortId,
  signatureKey,
  SIGNATURE_FILE_BYTES_MAX,
  splitSignatures,
} from '@salver/core';
import type { Store } from '@salver/core';
import { listApp, listApps, readChannelObject } from '@salver/stores';
import type { StoredApp, StoredRelease } from '@salver/stores';
import { keyFingerprint } from '@salver/trust';
import type { CommandContext, CommandResult } from '../command.js';
import { formatAge } from '../format-age.js';
import { formatBytes, formatCount } from '../format-amounts.js';
import { withStore } from '../store-input.js';
import { renderTable } from '../table.js';

interface Row {
  readonly name: string;
  readonly version: string;
  readonly id: string;
  readonly target: string;
  readonly sizeBytes: number;
  readonly pushedAt: string | null;
  readonly channels: readonly string[];
  readonly revoked: boolean;
  /** Fingerprints of the keys that have signed; nobody has checked them. */
  readonly signers: readonly string[];
}

/** `salver ls`. */
export async function run(context: CommandContext): Promise<CommandResult> {
  return withStore(context, async (store) => {
    const { signal } = context;
    const named = context.input.arguments.get('NAME');
    const names = named === undefined ? await listApps(store, { signal }) : [named];
    const rows: Row[] = [];
    for (const name of names) rows.push(...(await rowsOf(store, name, signal)));
    return {
      json: { store: store.description, releases: rows },
      text: rows.length === 0 ? '' : renderRows(rows).join('\n'),
      summary: `${formatCount(rows.length, 'release')} in ${store.description}`,
    };
  });
}

async function rowsOf(store: Store, name: string, signal: AbortSignal): Promise<readonly Row[]> {
  const app = await listApp(store, name, { signal });
  const channels = await channelsById(store, name, app, signal);
  return Promise.all(
    app.releases.map(async (release) => ({
      name,
      version: release.version,
      id: release.id,
      target: release.target,
      sizeBytes: release.sizeBytes,
      pushedAt: release.pushedAt?.toISOString() ?? null,
      channels: channels.get(release.id) ?? [],
      revoked: app.revoked.includes(release.id),
      signers: release.isSigned ? await signersOf(store, name, release) : [],
    })),
  );
}

async function channelsById(
  store: Store,
  name: string,
  { channels }: StoredApp,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const byId = new Map<string, readonly string[]>();
  for (const channel of channels) {
    const found = await readChannelObject(store, name, channel, { signal });
    if (typeof found !== 'object') continue;
    for (const id of idsOf(found.bytes)) byId.set(id, [...(byId.get(id) ?? []), channel]);
  }
  return byId;
}

/** A channel that cannot be read points nowhere: hosts say so, this list goes on. */
function idsOf(bytes: Buffer): ReadonlySet<string> {
  try {
    return new Set(Object.values(parseChannel(bytes).payload.releases).map(({ id }) => id));
  } catch (error) {
    if (!isSalverError(error)) throw error;
    return new Set();
  }
}

async function signersOf(store: Store, name: string, { id }: StoredRelease): Promise<readonly string[]> {
  const found = await store.readSmall(signatureKey(name, id), { bytesMax: SIGNATURE_FILE_BYTES_MAX });
  const signatures = typeof found === 'object' ? splitSignatures(found.bytes.toString('utf8')) : [];
  return signatures.flatMap((signature) => keyFingerprint(signature) ?? []);
}

function renderRows(rows: readonly Row[]): readonly string[] {
  const columns = [
    { title: 'NAME' },
    { title: 'VERSION' },
    { title: 'ID' },
    { title: 'TARGET' },
    { title: 'SIZE', align: 'right' as const },
    { title: 'AGE', align: 'right' as const },
    { title: 'CHANNELS' },
    { title: 'SIGNED BY' },
  ];
  return renderTable(
    columns,
    rows.map((row) => [
      row.name,
      row.version,
      shortId(row.id),
      row.target,
      formatBytes(row.sizeBytes),
      row.pushedAt === null ? '' : formatAge(Date.now() - Date.parse(row.pushedAt)),
      [...row.channels, ...(row.revoked ? ['revoked'] : [])].join(', '),
      row.signers.map((fingerprint) => fingerprint.slice(0, 15)).join(', '),
    ]),
  );
}
