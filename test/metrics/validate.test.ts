import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const RUNNER = join(import.meta.dirname, '..', '..', 'bench', 'runners', 'validate.mjs');
const validate = (...args: readonly string[]) =>
  spawnSync(process.execPath, [RUNNER, ...args], { encoding: 'utf8' });

describe('npm run validate', () => {
  it('asks for a folder, and says how', () => {
    const { status, stderr } = validate();
    expect(status).toBe(1);
    expect(stderr).toContain('--data DIR');
  });

  it('names the option that it does not know', () => {
    const { status, stderr } = validate('--dat', '.');
    expect(status).toBe(1);
    expect(stderr).toContain("'--dat'");
  });
});
