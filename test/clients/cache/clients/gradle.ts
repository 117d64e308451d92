import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BuildResult, Cache, CacheClient } from '../cache-client.ts';
import { copyFixture, digestFiles, writeSources } from '../project.ts';
import { runProgram } from '../run-program.ts';

const TASKS = ['small', 'large'];

export interface GradlePrograms {
  readonly java: string;
  readonly launcher: string;
}

/** Two cacheable tasks, without any plugin of others. */
export function createGradleClient(programs: GradlePrograms): CacheClient {
  // Compiled build scripts; its local build cache is off.
  const home = mkdtempSync(join(tmpdir(), 'mithril-gradle-home-'));
  process.once('exit', () => rmSync(home, { recursive: true, force: true }));
  return {
    steps: TASKS.length,
    prepare: async (folder, salt) => {
      await copyFixture('gradle', folder);
      await writeSources(folder, salt);
    },
    build: (folder, cache) => build(programs, home, folder, cache),
  };
}

async function build(
  { java, launcher }: GradlePrograms,
  home: string,
  folder: string,
  { url, token }: Cache,
): Promise<BuildResult> {
  const jvm = ['--add-opens', 'java.base/java.lang=ALL-UNNAMED', '-cp', launcher];
  const run = await runProgram(
    java,
    [...jvm, 'org.gradle.launcher.GradleMain', '--no-daemon', '--build-cache', '--info', ...TASKS],
    {
      cwd: folder,
      env: {
        GRADLE_USER_HOME: home,
        MITHRIL_CACHE_URL: url,
        MITHRIL_CACHE_TOKEN: token,
      },
    },
  );
  const summary = /actionable tasks?: .*/u.exec(run.output)?.[0] ?? '';
  const count = (what: string): number =>
    Number(new RegExp(`(\\d+) ${what}`, 'u').exec(summary)?.[1] ?? 0);
  const outputs = ['build/salt.txt', 'build/copy.bin'];
  return {
    code: run.code,
    remoteHits: count('from cache'),
    built: count('executed'),
    made: run.code === 0 ? await digestFiles(folder, outputs) : '',
    log: run.output,
  };
}
