import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildResult, Cache, CacheClient } from '../cache-client.ts';
import { copyFixture, digestFiles, writeSources } from '../project.ts';
import { runProgram } from '../run-program.ts';

const OUTPUTS = ['bazel-bin/shout.txt', 'bazel-bin/copy.bin'];

/** Two genrules, without any repository of others. `installed` is where Bazel unpacks itself. */
export function createBazelClient(program: string, installed: string): CacheClient {
  return {
    steps: OUTPUTS.length,
    prepare: async (folder, salt) => {
      await copyFixture('bazel', folder);
      await writeSources(folder, salt);
    },
    build: (folder, cache) => build(program, installed, folder, cache),
  };
}

async function build(
  program: string,
  installed: string,
  folder: string,
  { url, token }: Cache,
): Promise<BuildResult> {
  const outputBase = `${folder}-output`;
  await rm(outputBase, { recursive: true, force: true });
  const endpoint = new URL(`${url}/bazel`);
  // Bazel sends these as Basic, and takes them out of the URL.
  [endpoint.username, endpoint.password] = ['mithril', token];
  const startup = ['--nohome_rc', '--nosystem_rc', '--batch', `--install_base=${installed}`];
  const run = await runProgram(
    program,
    [
      ...startup,
      `--output_base=${outputBase}`,
      'build',
      `--remote_cache=${endpoint.href}`,
      '--remote_timeout=30',
      '--remote_local_fallback',
      '--spawn_strategy=local',
      '//:all',
    ],
    { cwd: folder, env: { HOME: join(folder, 'home'), USER: 'mithril' } },
  );
  const count = (what: string): number =>
    Number(new RegExp(`(\\d+) ${what}`, 'u').exec(processes(run.output))?.[1] ?? 0);
  const made = run.code === 0 ? await digestFiles(folder, OUTPUTS) : '';
  const result = { code: run.code, made, log: run.output };
  await rm(outputBase, { recursive: true, force: true });
  return { ...result, remoteHits: count('remote cache hit'), built: count('local') };
}

/** Its line such as `INFO: 2 processes: 1 remote cache hit, 1 local.` */
const processes = (output: string): string => /INFO: \d+ process.*/u.exec(output)?.[0] ?? '';
