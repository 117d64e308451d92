import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { BuildResult, Cache, CacheClient } from '../cache-client.ts';
import { copyFixture, digestFiles, writeSources } from '../project.ts';
import { runProgram } from '../run-program.ts';

const OUTPUTS = ['core/dist/copy.bin', 'core/dist/shout.txt', 'app/dist/app.txt'];
const summarySchema = z.object({
  tasks: z.array(z.object({ cache: z.object({ remote: z.boolean(), status: z.string() }) })),
});

/** Two packages, artefacts signed by Turborepo's own key; `--preflight` asks before each one. */
export function createTurborepoClient(program: string, hasPreflight: boolean): CacheClient {
  return {
    steps: 2,
    prepare: prepareWorkspace,
    build: (folder, cache) => build(program, hasPreflight, folder, cache),
  };
}

export async function prepareWorkspace(folder: string, salt: number): Promise<void> {
  await copyFixture('workspace', folder);
  await writeSources(join(folder, 'packages', 'core'), salt);
}

export const digestWorkspace = (folder: string): Promise<string> =>
  digestFiles(join(folder, 'packages'), OUTPUTS);

async function build(
  program: string,
  hasPreflight: boolean,
  folder: string,
  { url, token }: Cache,
): Promise<BuildResult> {
  const flags = ['--no-daemon', '--no-update-notifier', '--summarize'];
  const run = await runProgram(
    program,
    ['run', 'build', ...flags, ...(hasPreflight ? ['--preflight'] : [])],
    {
      cwd: folder,
      env: {
        HOME: join(folder, 'home'),
        DO_NOT_TRACK: '1',
        TURBO_TELEMETRY_DISABLED: '1',
        TURBO_API: url,
        TURBO_TOKEN: token,
        TURBO_TEAM: 'team',
        TURBO_REMOTE_CACHE_SIGNATURE_KEY: 'a key of this test, 32 bytes long',
      },
    },
  );
  const tasks = await readSummary(join(folder, '.turbo', 'runs'));
  return {
    code: run.code,
    remoteHits: tasks.filter(({ cache }) => cache.remote && cache.status === 'HIT').length,
    built: tasks.filter(({ cache }) => cache.status === 'MISS').length,
    made: run.code === 0 ? await digestWorkspace(folder) : '',
    log: run.output,
  };
}

async function readSummary(runs: string): Promise<z.infer<typeof summarySchema>['tasks']> {
  const [name = ''] = await readdir(runs);
  return summarySchema.parse(JSON.parse(await readFile(join(runs, name), 'utf8'))).tasks;
}
