import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { IndexSummary, RowFiles } from '../../shared/ports/dedup-index.ts';
import { EXIT } from '../exit-code.ts';
import { parseOptions, pathSchema } from '../parse-options.ts';
import type { Command, Session } from '../session.ts';
import { formatBytes, formatCount } from '../text/quantity.ts';
import { settingsOf } from './dedup.ts';
import { usage, watched } from './failures.ts';
import { findInputs } from './files.ts';
import { type DedupOptions, readDedupOptions } from './options.ts';

/** `mithril dedup index build IN... -o INDEX` */
export const buildIndex: Command = async (session, args, given) => {
  const options = readDedupOptions(given);
  const { output } = options;
  if (output === undefined) throw usage('name the folder of the index with -o');
  const files = await rowFiles(args, options);
  const indexes = await openIndexes();
  const build = { settings: settingsOf(options), isForced: options.force };
  const summary = await watched(session, (watch) => indexes.build(output, build, files, watch));
  return tell(session, 'build', output, summary, `Indexed ${formatCount(summary.changed)} rows`);
};

/** `mithril dedup index add INDEX IN...` */
export const addToIndex: Command = async (session, args, given) => {
  const [index = '', ...inputs] = args;
  const files = await rowFiles(inputs, readDedupOptions(given));
  const indexes = await openIndexes();
  const summary = await watched(session, (watch) => indexes.add(index, files, watch));
  return tell(session, 'add', index, summary, `Added ${formatCount(summary.changed)} rows`);
};

const removeSchema = z.looseObject({
  id: z.array(z.string()).default([]),
  ids: pathSchema.optional(),
});

/** `mithril dedup index remove INDEX --id ID` */
export const removeFromIndex: Command = async (session, [index = ''], given) => {
  const options = parseOptions(removeSchema, given);
  const ids = [...options.id, ...(options.ids === undefined ? [] : linesOf(options.ids))];
  if (ids.length === 0) throw usage('name the texts with --id or --ids');
  const indexes = await openIndexes();
  const summary = await watched(session, () => indexes.remove(index, ids.flatMap(valuesOf)));
  return tell(session, 'remove', index, summary, `Removed ${formatCount(summary.changed)} rows`);
};

/** `mithril dedup index merge INDEX` */
export const mergeIndex: Command = async (session, [index = '']) => {
  const indexes = await openIndexes();
  const summary = await watched(session, () => indexes.merge(index));
  return tell(session, 'merge', index, summary, 'Merged');
};

export async function openIndexes() {
  const { openDedupIndexes } = await import('../../shared/adapters/native/dedup-indexes.ts');
  return openDedupIndexes();
}

export async function rowFiles(args: readonly string[], options: DedupOptions): Promise<RowFiles> {
  const inputs = await findInputs(args);
  return {
    inputs: inputs.map(({ path, name }) => ({ path, name })),
    textKey: options.textKey,
    ...(options.idKey === undefined ? {} : { idKey: options.idKey }),
    badShareMax: options.maxBad,
    threads: options.threads,
    memory: options.memory,
  };
}

/** What an id looks like in a row: a string, or the number that is written so. */
const valuesOf = (id: string): string[] =>
  /^-?\d+(?:\.\d+)?$/u.test(id) ? [id, JSON.stringify(id)] : [JSON.stringify(id)];

function linesOf(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  return text.split(/\r?\n/u).filter((line) => line !== '');
}

/** `mithril-dedup: Indexed 1,000 rows in corpus.index: 1,000 rows, 1 part, 500 KiB` */
export function tell(
  session: Session,
  what: string,
  index: string,
  summary: IndexSummary,
  done: string,
): number {
  const { rows, parts, bytes, rejected } = summary;
  const size = `${formatCount(rows)} rows, ${parts} ${parts === 1 ? 'part' : 'parts'}, ${formatBytes(bytes)}`;
  session.terminal.result(`mithril-dedup: ${done}; ${index} has ${size}`, {
    command: `dedup index ${what}`,
    index,
    ...summary,
  });
  if (rejected > 0) session.terminal.warn(`${formatCount(rejected)} rows could not be used`);
  return EXIT.ok;
}
