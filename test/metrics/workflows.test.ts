import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDER = join(ROOT, '.github', 'workflows');
const workflows = readdirSync(FOLDER).map((name) => ({
  name,
  text: readFileSync(join(FOLDER, name), 'utf8'),
}));
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const PINNED = /^[\w-]+\/[\w-]+@[\da-f]{40} # v\d+\.\d+\.\d+$/u;

describe.each(workflows)('the workflow $name', ({ text }) => {
  it('pins every action to a commit and says its version', () => {
    const actions = [...text.matchAll(/uses: (.+)$/gmu)].map(([, action]) => action);
    expect(actions.length).toBeGreaterThan(0);
    for (const action of actions) expect(action).toMatch(PINNED);
  });

  it('calls only scripts that package.json has', () => {
    const called = [...text.matchAll(/npm run ([\w:]+)/gu)].map(([, name]) => name);
    for (const name of called) expect(Object.keys(scripts)).toContain(name);
  });

  it('has no right beyond reading, but where it publishes', () => {
    const [head = '', body = ''] = text.split('\njobs:\n');
    const jobs = body.split(/^ {2}(?=\w+:$)/mu);
    expect(head).toContain('permissions:\n  contents: read\n');
    for (const job of jobs.filter((one) => /: write/u.test(one))) {
      expect(job).toMatch(/^publish:/u);
    }
  });

  it('runs on x64 and on arm64, with a deadline', () => {
    expect(text).toContain('runner: ubuntu-24.04 }');
    expect(text).toContain('runner: ubuntu-24.04-arm }');
    expect(text).toMatch(/timeout-minutes: \d+/u);
  });
});
