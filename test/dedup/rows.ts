import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openDedupRuns } from '../../shared/adapters/native/dedup-runs.ts';
import type { DedupJobOptions, DedupSummary } from '../../shared/ports/dedup.ts';

/** The numbers of a linear congruential generator. */
const numbers = (seed: number) => {
  let state = seed >>> 0;
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

/** Lines of documents of 40 words; about one in three is like an earlier one, some are equal. */
export function makeRows(seed: number, count: number): string[] {
  const next = numbers(seed);
  const word = (): string => `w${next(1_000_000)}`;
  const texts: string[][] = [];
  for (let row = 0; row < count; row += 1) {
    const kind = next(6);
    const earlier = texts[next(Math.max(1, texts.length))];
    if (earlier !== undefined && kind < 2) texts.push([...earlier.slice(0, -1), word()]);
    else if (earlier !== undefined && kind === 2) texts.push(earlier.map((it) => it.toUpperCase()));
    else texts.push(Array.from({ length: 40 }, word));
  }
  return texts.map((words, id) =>
    JSON.stringify({ id, text: words.join(' '), score: (id * 7) % 11 }),
  );
}

export const joinRows = (rows: readonly string[]): Buffer =>
  Buffer.from(rows.map((row) => `${row}\n`).join(''));

export interface Expected {
  readonly summary: DedupSummary;
  readonly outputs: ReadonlyMap<string, Buffer>;
  readonly report: Buffer;
  readonly rejected: Buffer;
}

/** What `mithril dedup` writes on one machine, for the same files. */
export async function runOnOneMachine(
  files: ReadonlyMap<string, Buffer>,
  changes: Partial<DedupJobOptions> = {},
): Promise<Expected> {
  const folder = mkdtempSync(join(tmpdir(), 'mithril-dedup-job-'));
  try {
    const names = [...files.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const name of names) {
      for (const side of ['in', 'out'])
        mkdirSync(dirname(join(folder, side, name)), { recursive: true });
      writeFileSync(join(folder, 'in', name), files.get(name) ?? '');
    }
    const at = (name: string) => join(folder, name);
    const summary = await openDedupRuns().run(
      {
        references: [],
        inputs: names.map((name) => ({ path: at(`in/${name}`), name })),
        outputs: names.map((name) => at(`out/${name}`)),
        isForced: false,
        settings: {
          textKey: 'text',
          threshold: '0.8',
          unit: 'word',
          n: 5,
          permutations: 128,
          seed: 0,
        },
        keep: 'first',
        mode: 'drop',
        report: at('report.jsonl'),
        rejects: at('rejected.jsonl'),
        badShareMax: 0.5,
        scratch: at('scratch'),
        threads: 1,
        memory: 256 * 1024 ** 2,
        ...changes,
      },
      {},
    );
    const read = (name: string): Buffer => readFileSync(at(name));
    return {
      summary,
      outputs: new Map(names.map((name) => [name, read(`out/${name}`)])),
      report: read('report.jsonl'),
      rejected: summary.total.rejected > 0 ? read('rejected.jsonl') : Buffer.alloc(0),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
