// Lines of TypeScript that `npm test` runs: in vitest, and in the processes that it starts.
import fs from 'node:fs';
import path from 'node:path';
import { setUp } from '../setup.mjs';
import { ROOT } from '../system/cache.mjs';
import { run, SetupError } from '../system/process.mjs';
import { linesOfChildren } from './children.mjs';

const FOLDER = path.join(ROOT, 'coverage', 'typescript');
const CHILDREN = path.join(FOLDER, 'children');

/** Runs the tests; returns { covered, total, files }. */
export async function measureTypeScript({ line }) {
  await setUp(['test']);
  fs.rmSync(FOLDER, { recursive: true, force: true });
  fs.mkdirSync(CHILDREN, { recursive: true });
  const vitest = path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [vitest, 'run', '--coverage', `--coverage.reportsDirectory=${FOLDER}`];
  const env = { ...process.env, MITHRIL_CHILD_COVERAGE: CHILDREN };
  await run(process.execPath, args, { cwd: ROOT, env, onLine: line });
  return readTypeScript();
}

/** Counts what the last run left. */
export function readTypeScript() {
  const report = path.join(FOLDER, 'coverage-final.json');
  if (!fs.existsSync(report)) throw new SetupError(`vitest left no ${report}`);
  const children = linesOfChildren(CHILDREN);
  fs.rmSync(CHILDREN, { recursive: true }); // a gigabyte
  const files = Object.values(JSON.parse(fs.readFileSync(report, 'utf8'))).map((file) => {
    const name = path.relative(ROOT, file.path);
    const lines = linesOf(file);
    for (const ran of children.get(name) ?? []) if (lines.has(ran)) lines.set(ran, true);
    const covered = [...lines.values()].filter(Boolean).length;
    return { name, covered, total: lines.size };
  });
  const sum = (of) => files.reduce((total, file) => total + of(file), 0);
  return { covered: sum((it) => it.covered), total: sum((it) => it.total), files };
}

/** A line counts where a statement begins on it, as Istanbul counts: line -> whether it ran. */
function linesOf({ statementMap, s: hits }) {
  const lines = new Map();
  for (const [id, { start }] of Object.entries(statementMap)) {
    lines.set(start.line, lines.get(start.line) === true || hits[id] > 0);
  }
  return lines;
}
