import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildResult, Cache, CacheClient } from '../cache-client.ts';
import { copyFixture, digestFiles } from '../project.ts';
import { runProgram } from '../run-program.ts';

const SOURCES = ['small', 'large'];

/** How ccache forms its paths. */
export type CcacheLayout = 'subdirs' | 'flat' | 'bazel';

export function createCcacheClient(program: string, layout: CcacheLayout): CacheClient {
  return {
    steps: SOURCES.length,
    prepare: async (folder, salt) => {
      await copyFixture('c', folder);
      await writeFile(join(folder, 'salt.h'), `#define SALT ${salt}\n`);
    },
    build: (folder, cache) => build(program, layout, folder, cache),
  };
}

async function build(
  program: string,
  layout: CcacheLayout,
  folder: string,
  { url, token }: Cache,
): Promise<BuildResult> {
  const env = {
    CCACHE_DIR: join(folder, '.ccache'),
    CCACHE_CONFIGPATH: '/dev/null',
    // So that the large object is as large on its way.
    CCACHE_NOCOMPRESS: '1',
    CCACHE_REMOTE_STORAGE: `${url}/ccache|layout=${layout}|bearer-token=${token}`,
  };
  await rm(env.CCACHE_DIR, { recursive: true, force: true });
  let [code, log] = [0, ''];
  for (const name of SOURCES) {
    const args = ['gcc', '-c', `${name}.c`, '-o', `${name}.o`];
    const run = await runProgram(program, args, { cwd: folder, env });
    code ||= run.code;
    log += run.output;
  }
  const { output } = await runProgram(program, ['--print-stats'], { cwd: folder, env });
  const count = (name: string): number =>
    Number(new RegExp(`^${name}\\t(\\d+)$`, 'mu').exec(output)?.[1] ?? Number.NaN);
  return {
    code,
    remoteHits: count('remote_storage_hit'),
    built: count('cache_miss'),
    made: await digestFiles(
      folder,
      SOURCES.map((name) => `${name}.o`),
    ),
    log: log + output,
  };
}
