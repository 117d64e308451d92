import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import {
  type ClientProgram,
  findClientPrograms,
} from '../../../scripts/setup/clients/programs.mjs';
import type { BuildResult, Cache, CacheClient } from './cache-client.ts';
import { type RunningServer, startServer } from './start-server.ts';

const TEST_MS = 240_000;
const NOBODY = `mith_${'0'.repeat(16)}_${'0'.repeat(64)}`;
const NOWHERE = 'http://127.0.0.1:9';
const MENDING_BUILDS_MAX = 2;

interface ClientTraits<Name extends ClientProgram> {
  readonly needs: readonly Name[];
  readonly create: (programs: Readonly<Record<Name, string>>) => CacheClient;
  /** Whether it builds where no server answers; a server cannot change it. */
  readonly buildsAlone: boolean;
}

type Programs = ReturnType<typeof findClientPrograms>;

function hasAll<Name extends ClientProgram>(
  programs: Programs,
  names: readonly Name[],
): programs is Record<Name, string> {
  return names.every((name) => typeof programs[name] === 'string');
}

/** What every program must be able to do with the cache, and what must never end its build. */
export function describeClient<Name extends ClientProgram>(
  title: string,
  { needs, create, buildsAlone }: ClientTraits<Name>,
): void {
  const programs = findClientPrograms();
  const client = hasAll(programs, needs) ? create(programs) : null;
  const why = client === null ? ` (skipped: run \`npm run setup -- client-programs\`)` : '';
  describe.skipIf(client === null)(`${title}${why}`, { timeout: TEST_MS }, () => {
    if (client !== null) describeBuilds(client, buildsAlone);
  });
}

function describeBuilds(client: CacheClient, buildsAlone: boolean): void {
  let server: RunningServer;
  let root: string;
  let write: Cache;
  let read: Cache;
  let builds = 0;
  const buildElsewhere = async (salt: number, cache: Cache): Promise<BuildResult> => {
    builds += 1;
    const folder = join(root, `build-${builds}`);
    await mkdir(folder);
    await client.prepare(folder, salt);
    const result = await client.build(folder, cache);
    onTestFailed(() => void process.stderr.write(`${result.log}\n`));
    await rm(folder, { recursive: true, force: true });
    return result;
  };
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'mithril-build-'));
    server = await startServer();
    const { url } = server;
    write = { url, token: await server.makeToken('--write') };
    read = { url, token: await server.makeToken('--read') };
  });
  afterAll(async () => {
    await server.stop();
    await rm(root, { recursive: true, force: true });
  });

  const hits = { code: 0, remoteHits: client.steps, built: 0 };
  const misses = { code: 0, remoteHits: 0, built: client.steps };
  let made: string;

  it('fills the cache, and builds elsewhere with empty local caches by hits alone', async () => {
    const first = await buildElsewhere(1, write);
    expect(first).toMatchObject(misses);
    made = first.made;
    expect(await buildElsewhere(1, write)).toMatchObject({ ...hits, made });
  });

  it('reads with a read-only token, builds on where it may not write, and stores nothing', async () => {
    expect(await buildElsewhere(1, read)).toMatchObject({ ...hits, made });
    const before = await server.countBlobs();
    expect(await buildElsewhere(2, read)).toMatchObject(misses);
    expect(await server.countBlobs()).toBe(before);
  });

  it('does without the cache when the token is wrong', async () => {
    const stranger = { url: write.url, token: NOBODY };
    expect(await buildElsewhere(1, stranger)).toMatchObject({ ...misses, made });
  });

  it('never takes damaged bytes, and mends them by building again', async () => {
    expect(await server.damageBlobs()).toBeGreaterThan(0);
    let result = await buildElsewhere(1, write);
    expect(result).toMatchObject({ ...misses, made });
    // What names a result may be mended before the result is looked at.
    for (let tries = 0; tries < MENDING_BUILDS_MAX && result.built > 0; tries += 1) {
      result = await buildElsewhere(1, write);
    }
    expect(result).toMatchObject({ ...hits, made });
  });

  it(`${buildsAlone ? 'builds' : 'ends the build'} where no server answers`, async () => {
    const { code, built } = await buildElsewhere(3, { url: NOWHERE, token: write.token });
    expect({ isBuilt: code === 0, built }).toEqual({
      isBuilt: buildsAlone,
      built: buildsAlone ? client.steps : 0,
    });
  });
}
