import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { BuildResult, Cache, CacheClient } from '../cache-client.ts';
import { runProgram } from '../run-program.ts';
import { digestWorkspace, prepareWorkspace } from './turborepo.ts';

/** The same two packages as for Turborepo. */
export function createNxClient(program: string): CacheClient {
  return {
    steps: 2,
    prepare: async (folder, salt) => {
      await prepareWorkspace(folder, salt);
      await mkdir(join(folder, 'node_modules'));
      await symlink(join(dirname(program), '..', '..'), join(folder, 'node_modules', 'nx'));
    },
    build: (folder, cache) => build(program, folder, cache),
  };
}

async function build(program: string, folder: string, { url, token }: Cache): Promise<BuildResult> {
  const run = await runProgram(
    process.execPath,
    [program, 'run-many', '--target=build', '--output-style=static'],
    {
      cwd: folder,
      env: {
        HOME: join(folder, 'home'),
        CI: 'true',
        NX_DAEMON: 'false',
        NX_TUI: 'false',
        NX_WORKSPACE_DATA_DIRECTORY: join(folder, '.nx-data'),
        NX_SELF_HOSTED_REMOTE_CACHE_SERVER: url,
        NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN: token,
      },
    },
  );
  const output = stripVTControlCharacters(run.output);
  const remoteHits = output.match(/\[remote cache\]/gu)?.length ?? 0;
  return {
    code: run.code,
    remoteHits,
    built: run.code === 0 ? 2 - remoteHits : 0,
    made: run.code === 0 ? await digestWorkspace(folder) : '',
    log: output,
  };
}
