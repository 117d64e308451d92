import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ProbeResult, probe, removeFolder, runScript, unpackLayers } from './lambda-opt.ts';

// Builds for arm64 and runs Lambda's own Node, under qemu where this machine is not arm64. That
// fetches about 350 MB the first time (zig, Rust's library, qemu, two Nodes), so it is asked for.
const isWanted = process.env['MITHRIL_TEST_ARM64'] === '1' || process.env['CI'] === 'true';
const title = "the layers in Lambda's Node 24";
const reason = isWanted ? '' : ' (skipped: builds for arm64, set MITHRIL_TEST_ARM64=1)';
const BUILD_TIMEOUT_MS = 20 * 60_000;
const TEST_TIMEOUT_MS = 300_000;
const lambdaNodeSchema = z.object({ command: z.array(z.string()), version: z.string() });

async function lambdaNode(arch: string) {
  const output = await runScript('lambda-node.mjs', [arch], BUILD_TIMEOUT_MS);
  return lambdaNodeSchema.parse(JSON.parse(output));
}

describe.runIf(isWanted)(`${title}${reason}`, () => {
  let folder: string;
  let opt: string;
  let expected: ProbeResult;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'mithril-layers-'));
    await runScript('build-layers.mjs', ['x64', 'arm64', '--out', folder], BUILD_TIMEOUT_MS);
    opt = await unpackLayers(['native', 'dedup', 'zstd'].map((name) => path.join(folder, name)));
    expected = await probe([process.execPath], opt);
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    await removeFolder(folder);
    await removeFolder(opt);
  });

  const check = async (arch: string) => {
    const { command, version } = await lambdaNode(arch);
    const result = await probe(command, opt);
    expect(result.arch).toBe(arch);
    expect(result.node).toBe(`v${version}`);
    return result;
  };

  it(
    'arm64 encodes every input to the bytes that this machine encodes it to, and keeps the same rows',
    async () => {
      const { codec, golden, dedup } = await check('arm64');
      expect(codec).toEqual(expected.codec);
      expect(golden).toEqual(expected.golden);
      expect(dedup).toEqual(expected.dedup);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'x64 does so too',
    async () => {
      const { codec, dedup, golden, zstd } = await check('x64');
      expect(codec).toEqual(expected.codec);
      expect(dedup).toEqual(expected.dedup);
      expect(golden).toEqual(expected.golden);
      expect(zstd).toEqual(expected.zstd);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'zstd compresses to the same frames on arm64',
    async () => {
      const { zstd } = await check('arm64');
      expect(zstd).toEqual(expected.zstd);
    },
    TEST_TIMEOUT_MS,
  );
});
