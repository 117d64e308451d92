import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fixture = fileURLToPath(new URL('./fixture', import.meta.url));
const cruiser = `${root}node_modules/dependency-cruiser/bin/dependency-cruise.mjs`;
const config = `${root}.dependency-cruiser.mjs`;

const reportSchema = z.object({
  summary: z.object({
    totalCruised: z.number(),
    violations: z.array(z.object({ from: z.string(), rule: z.object({ name: z.string() }) })),
  }),
});

const cruise = (cwd: string, folders: readonly string[]) => {
  const run = spawnSync(
    process.execPath,
    [cruiser, '--config', config, '--output-type', 'json', ...folders],
    { cwd, encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  return reportSchema.parse(JSON.parse(run.stdout)).summary;
};

describe('import boundaries', () => {
  it('reports each forbidden import of the fixture under the rule that forbids it', () => {
    const found = cruise(fixture, ['shared', 'cli', 'functions', 'test']).violations.map(
      ({ from, rule }) => `${rule.name}: ${from}`,
    );
    expect(found).toEqual(
      expect.arrayContaining([
        'domain-is-pure: shared/domain/breaks-purity.ts',
        'http-calls-use-cases: shared/http/breaks-wiring.ts',
        'app-knows-ports-only: shared/app/breaks-ports.ts',
        'only-adapters-touch-the-outside: shared/app/breaks-ports.ts',
        'contracts-are-leaves: shared/contracts/breaks-leaf.ts',
        'cli-wires: cli/breaks-hosts.ts',
        'nobody-imports-tests: functions/entry.ts',
      ]),
    );
  });

  it('finds no violation in the project, and did read it', () => {
    const tracked = execFileSync('git', ['ls-files', 'shared/**/*.ts'], {
      cwd: root,
      encoding: 'utf8',
    });
    const summary = cruise(root, ['shared', 'functions', 'cli', 'infra', 'layers']);
    expect(summary.violations).toEqual([]);
    expect(summary.totalCruised).toBeGreaterThan(tracked.split('\n').length / 2);
  });
});
