import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type * as binding from './index.js';

const MODULE = `./mithril-native.${process.platform}-${process.arch}.node`;
const isBuilt = existsSync(fileURLToPath(new URL(MODULE, import.meta.url)));
const why = isBuilt ? '' : ' (skipped: not built, run: node scripts/setup.mjs codec)';
const load = createRequire(import.meta.url);
const native = (): typeof binding => load(MODULE);

const folder = fileURLToPath(new URL('../../test/golden/v1/', import.meta.url));
const list = z
  .object({
    files: z.array(
      z.object({
        file: z.string(),
        bytes: z.number(),
        sha256: z.string(),
        original: z.object({ bytes: z.number(), sha256: z.string() }),
        base: z.string().nullable(),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(join(folder, 'MANIFEST.json'), 'utf8')));

const digestOf = (path: string): string =>
  createHash('sha256').update(readFileSync(path)).digest('hex');

describe.skipIf(!isBuilt)(`golden files through the Node binding${why}`, () => {
  const work = mkdtempSync(join(tmpdir(), 'mithril-golden-'));
  afterAll(() => rmSync(work, { recursive: true }));

  it.each(list.files)('$file decodes to its original', async ({ file, base, original, sha256 }) => {
    const [input, output] = [join(folder, file), join(work, file)];
    expect(digestOf(input)).toBe(sha256);
    const bases = base === null ? [] : [join(folder, base)];
    const job = new (native().PackedJob)();
    const summary = await job.decompress(input, output, { bases, threads: 2, level: 'default' });
    expect(summary.bytesOut).toBe(original.bytes);
    expect(job.bytesDone).toBe(original.bytes);
    expect(digestOf(output)).toBe(original.sha256);
  });
});
