// `npm run coverage` counts lines of the bundled command line by V8's ranges and the source map.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, expect, it } from 'vitest';
import { z } from 'zod';
import { markRan, readPoints } from '../../scripts/coverage/source-lines.mjs';

const folder = mkdtempSync(join(tmpdir(), 'mithril-lines-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rangesSchema = z.object({
  result: z.array(z.object({ url: z.string(), functions: z.array(z.unknown()) })),
});

const SOURCE = `type Answer = string;
export function judge(value: number): Answer {
  if (value > 1) {
    return 'large';
  }
  const text = 'small';
  return text;
}
export const never = (): Answer => {
  return 'never';
};
console.log(judge(0));
`;

async function linesThatRun(source: string): Promise<readonly number[]> {
  const file = join(folder, 'source.ts');
  writeFileSync(file, source);
  const outfile = join(folder, 'bundle.js');
  await build({ entryPoints: [file], outfile, bundle: true, sourcemap: true, format: 'cjs' });
  const ranges = join(folder, 'ranges');
  execFileSync(process.execPath, [outfile], { env: { NODE_V8_COVERAGE: ranges }, stdio: 'ignore' });
  const [report = ''] = readdirSync(ranges);
  const { result } = rangesSchema.parse(JSON.parse(readFileSync(join(ranges, report), 'utf8')));
  const script = result.find(({ url }) => url.endsWith('/bundle.js'));
  const map = JSON.parse(readFileSync(`${outfile}.map`, 'utf8'));
  const points = readPoints(readFileSync(outfile, 'utf8'), map).toSorted(
    (a, b) => a.offset - b.offset,
  );
  const ran = new Uint8Array(points.length);
  markRan(points, script?.functions ?? [], ran);
  const lines = points.filter((_, at) => ran[at] === 1).map(({ line }) => line);
  return [...new Set(lines)].toSorted((a, b) => a - b);
}

it('counts what ran: not the branch that was not taken, not the function that nobody called', async () => {
  const lines = await linesThatRun(SOURCE);
  for (const line of [3, 6, 7, 12]) expect(lines).toContain(line);
  for (const line of [4, 10]) expect(lines).not.toContain(line);
});
