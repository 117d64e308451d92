import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';

const execute = promisify(execFile);
export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const PROBE = path.join(ROOT, 'test', 'native', 'layer-probe.mjs');
const PROBE_TIMEOUT_MS = 300_000;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

const digests = z.record(z.string(), z.string());

/** What layer-probe.mjs prints. */
const probeResultSchema = z.object({
  node: z.string(),
  arch: z.string(),
  /** SHA-256 of what each input was compressed to; the probe has checked that it comes back. */
  zstd: digests,
  codec: digests,
  /** SHA-256 of what each golden file decodes to, and of that encoded once more. */
  golden: digests,
  /** SHA-256 of what is kept of known rows, and of the report. */
  dedup: digests,
});
export type ProbeResult = z.infer<typeof probeResultSchema>;

/** Merges layers into one folder as Lambda unpacks them into /opt. */
export async function unpackLayers(folders: readonly string[]): Promise<string> {
  const opt = await mkdtemp(path.join(tmpdir(), 'mithril-opt-'));
  for (const folder of folders) await cp(folder, opt, { recursive: true });
  return opt;
}

export const removeFolder = (folder: string) => rm(folder, { recursive: true, force: true });

/** The environment in which the nodejs24.x runtime finds modules of layers. */
export const lambdaEnvironment = (opt: string): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  NODE_PATH: `${opt}/nodejs/node24/node_modules:${opt}/nodejs/node_modules`,
});

/** Runs layer-probe.mjs by this Node: loads the layers, encodes, decodes and deduplicates known inputs. */
export async function probe(command: readonly string[], opt: string): Promise<ProbeResult> {
  const [program = process.execPath, ...args] = command;
  const { stdout } = await execute(program, [...args, PROBE, path.join(ROOT, 'test', 'golden')], {
    env: lambdaEnvironment(opt),
    timeout: PROBE_TIMEOUT_MS,
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  return probeResultSchema.parse(JSON.parse(stdout));
}

/** Runs one of scripts/*.mjs and returns its standard output. */
export async function runScript(name: string, args: readonly string[], timeout: number) {
  const file = path.join(ROOT, 'scripts', name);
  const { stdout } = await execute(process.execPath, [file, ...args], {
    cwd: ROOT,
    timeout,
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  return stdout;
}
