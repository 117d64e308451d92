import { mkdtempSync, rmSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { z } from 'zod';
import type { BuildResult, Cache, CacheClient } from '../cache-client.ts';
import { copyFixture, digestFiles, writeSources } from '../project.ts';
import { runProgram } from '../run-program.ts';

const statsSchema = z.object({
  stats: z.object({
    cache_hits: z.object({ counts: z.record(z.string(), z.number()) }),
    compilations: z.number(),
  }),
});

/**
 * One file in C, and one in Rust that holds 20 MiB which sccache's compression does not shrink. The
 * latter lies in the same folder for every build, because sccache takes the working directory into
 * the keys of Rust.
 */
export function createSccacheClient(program: string): CacheClient {
  const crate = mkdtempSync(join(tmpdir(), 'mithril-sccache-crate-'));
  process.once('exit', () => rmSync(crate, { recursive: true, force: true }));
  return {
    steps: 2,
    prepare: async (folder, salt) => {
      await copyFixture('c', folder);
      await writeFile(join(folder, 'salt.h'), `#define SALT ${salt}\n`);
      await writeSources(crate, salt);
      const large = 'pub static LARGE: &[u8] = include_bytes!("large.bin");\n';
      await writeFile(join(crate, 'large.rs'), large);
    },
    build: (folder, cache) => build(program, crate, folder, cache),
  };
}

async function build(
  program: string,
  crate: string,
  folder: string,
  { url, token }: Cache,
): Promise<BuildResult> {
  const env = {
    HOME: process.env['HOME'] ?? '',
    SCCACHE_CONF: '/dev/null',
    SCCACHE_SERVER_UDS: join(folder, 'sccache.sock'),
    SCCACHE_WEBDAV_ENDPOINT: `${url}/sccache`,
    SCCACHE_WEBDAV_TOKEN: token,
    // Without it sccache ends the build when the cache does not answer.
    SCCACHE_IGNORE_SERVER_IO_ERROR: '1',
  };
  await rm(join(crate, 'liblarge.rlib'), { force: true });
  const options = { cwd: folder, env };
  const rust = '--crate-name=large --crate-type=lib --edition=2021 --emit=dep-info,link'.split(' ');
  const runs = [
    await runProgram(program, ['gcc', '-c', 'small.c', '-o', 'small.o'], options),
    await runProgram(program, ['rustc', ...rust, '--out-dir', '.', 'large.rs'], {
      cwd: crate,
      env,
    }),
    await runProgram(program, ['--show-stats', '--stats-format', 'json'], options),
    await runProgram(program, ['--stop-server'], options),
  ];
  const stats = statsSchema.safeParse(parseJson(runs[2]?.output ?? ''));
  const counted = stats.data?.stats;
  const hits = Object.values(counted?.cache_hits.counts ?? {});
  const code = Math.max(...runs.slice(0, 2).map((run) => run.code));
  const outputs = ['small.o', relative(folder, join(crate, 'liblarge.rlib'))];
  return {
    code,
    remoteHits: hits.reduce((sum, count) => sum + count, 0),
    built: counted?.compilations ?? 0,
    made: code === 0 ? await digestFiles(folder, outputs) : '',
    log: runs.map((run) => run.output).join('\n'),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
