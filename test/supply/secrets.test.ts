import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const SCANNER = join(ROOT, 'scripts', 'scan-secrets.mjs');
const scratch = mkdtempSync(join(tmpdir(), 'mithril-secrets-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const scan = (...files: readonly string[]) => {
  const { status, stdout } = spawnSync(process.execPath, [SCANNER, ...files], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return { status, stdout };
};
const scanText = (text: string) => {
  const file = join(scratch, 'log');
  writeFileSync(file, text);
  return scan(file);
};
const hex = (bytes: number) => randomBytes(bytes).toString('hex');

/** Made here, so that none stands in this file. */
const CREDENTIALS = {
  'token of the cache': `mith_${hex(8)}_${hex(32)}`,
  'access key of AWS': `AKIA${hex(8).toUpperCase()}`,
  'secret key of AWS': `AWS_SECRET_ACCESS_KEY=${hex(20)}`,
  'signature of a presigned URL': `http://127.0.0.1/key?X-Amz-Signature=${hex(32)}`,
  'authorization header': `Authorization: Bearer ${hex(12)}`,
  'private key': ['-----BEGIN', 'PRIVATE KEY-----'].join(' '),
  'token of a code host': `ghp_${hex(18)}`,
};

describe('the scan of logs for credentials', () => {
  it.each(Object.entries(CREDENTIALS))(
    'finds a %s, names its line, and does not repeat it',
    (kind, text) => {
      const { status, stdout } = scanText(`one line\nrequest ${text} done\n`);
      expect(status).toBe(1);
      expect(stdout).toContain(`:2: ${kind}`);
      expect(stdout).not.toContain(text);
    },
  );

  it('lets digests, token ids and documented examples pass', () => {
    const log = `sha256 ${hex(32)}\nwriter mith_${hex(8)}\nAKIAIOSFODNN7EXAMPLE\nauthorization: none\n`;
    expect(scanText(log).status).toBe(0);
  });

  it('finds nothing in what the repository holds', () => {
    const files = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' })
      .split('\0')
      .filter((file) => /\.(?:ts|mjs|cjs|py|rs|json|md|toml|ya?ml|sh)$|^\.ci\/run$/u.test(file));
    expect(files.length).toBeGreaterThan(200);
    expect(scan(...files)).toEqual({
      status: 0,
      stdout: `0 credentials found in ${files.length} files\n`,
    });
  });
});
