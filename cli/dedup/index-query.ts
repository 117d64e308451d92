import { z } from 'zod';
import type { QueryOptions } from '../../shared/ports/dedup-index.ts';
import { EXIT } from '../exit-code.ts';
import { parseOptions } from '../parse-options.ts';
import type { Command, Session } from '../session.ts';
import { formatCount } from '../text/quantity.ts';
import { usage, watched } from './failures.ts';
import { openIndexes, rowFiles, tell } from './index-write.ts';
import { readDedupOptions } from './options.ts';

const querySchema = z.looseObject({
  text: z.string().optional(),
  threshold: z.string().min(1).optional(),
  limit: z
    .string()
    .regex(/^[1-9]\d{0,8}$/u, 'expected a whole number, 1 or more')
    .default('10')
    .transform(Number),
});

/** What the native side answers to one text. */
const foundSchema = z.object({
  neighbours: z.array(
    z.object({
      id: z.unknown(),
      similarity: z.number(),
      intersection: z.number(),
      union: z.number(),
    }),
  ),
  cut: z.boolean(),
});

/** `mithril dedup index query INDEX --text TEXT`, or `... INDEX IN... -o OUT` */
export const queryIndex: Command = async (session, [index = '', ...inputs], given) => {
  const { text, threshold, limit, ...rest } = parseOptions(querySchema, given);
  const options = { limit, ...(threshold === undefined ? {} : { threshold }) };
  if (text === undefined) return queryFiles(session, index, inputs, { ...options, rest });
  if (inputs.length > 0) throw usage('give --text or files, not both');
  const indexes = await openIndexes();
  const found = await watched(session, () => indexes.query(index, text, options));
  const { neighbours, cut } = foundSchema.parse(JSON.parse(found));
  const lines = neighbours.map(
    ({ id, similarity, intersection, union }) =>
      `${similarity.toFixed(4)}  ${JSON.stringify(id)}  (${intersection} of ${union} shingles)`,
  );
  session.terminal.result(lines.length === 0 ? 'nothing like it' : lines.join('\n'), {
    command: 'dedup index query',
    index,
    neighbours,
    cut,
  });
  if (cut)
    session.terminal.note('More texts share its words than are compared: there may be others.');
  return EXIT.ok;
};

async function queryFiles(
  session: Session,
  index: string,
  inputs: readonly string[],
  { rest, ...options }: QueryOptions & { readonly rest: Record<string, unknown> },
): Promise<number> {
  const { output, ...shared } = readDedupOptions(rest);
  if (inputs.length === 0) throw usage('give a text with --text, or files');
  if (output === undefined) throw usage('name the output with -o');
  const files = await rowFiles(inputs, shared);
  const indexes = await openIndexes();
  const query = { ...options, files, output };
  const summary = await watched(session, (watch) => indexes.queryFiles(index, query, watch));
  const { rows, matched, rejected } = summary;
  session.terminal.result(
    `mithril-dedup: Looked up ${formatCount(rows)} rows, ${formatCount(matched)} have a neighbour; written: ${output}`,
    { command: 'dedup index query', index, output, ...summary },
  );
  if (rejected > 0) session.terminal.warn(`${formatCount(rejected)} rows could not be used`);
  return EXIT.ok;
}

const infoSchema = z.looseObject({ check: z.boolean().default(false) });

/** `mithril dedup index info INDEX` */
export const indexInfo: Command = async (session, [index = ''], given) => {
  const { check } = parseOptions(infoSchema, given);
  const indexes = await openIndexes();
  const summary = await watched(session, () => indexes.look(index, { isChecked: check }));
  const { threshold, unit, n, permutations, bands, bandRows, seed, removedRows } = summary;
  const code = tell(session, 'info', index, summary, check ? 'Whole' : 'Opened');
  session.terminal.note(
    `threshold ${threshold}, ${unit} ${n}-grams, ${permutations} permutations in ${bands} bands of ${bandRows} rows, seed ${seed}; ${formatCount(removedRows)} removed rows take room`,
  );
  return code;
};
