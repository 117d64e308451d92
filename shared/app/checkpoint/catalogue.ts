import type { CheckpointId } from '../../contracts/brands.ts';
import {
  type CheckpointRow,
  checkpointKey,
  checkpointRowSchema,
  type SeriesRow,
  seriesPartition,
  seriesRowSchema,
  stepPrefix,
} from '../../contracts/checkpoint-catalogue.ts';
import type { Run } from '../../contracts/checkpoint-keys.ts';
import type { EntryWrite, EntryWriteResult } from '../../ports/entry-table.ts';
import { CheckpointFault } from './checkpoint-fault.ts';
import type { CheckpointContext } from './context.ts';

/** Typed rows of the catalogue table; every write names the version it replaces. */
type CatalogueContext = Pick<CheckpointContext, 'table'>;

export interface VersionedRow {
  readonly row: CheckpointRow;
  readonly version: number;
}

export const readRow = async (
  context: CatalogueContext,
  id: CheckpointId,
): Promise<VersionedRow | null> => {
  const entry = await context.table.read(checkpointKey(id));
  return entry === null
    ? null
    : { row: checkpointRowSchema.parse(entry.body), version: entry.version };
};

export const rowWrite = (
  id: CheckpointId,
  row: CheckpointRow,
  expect: EntryWrite['expect'],
): EntryWrite => ({ key: checkpointKey(id), body: row, expect });

export const writeRow = (
  context: CatalogueContext,
  id: CheckpointId,
  row: CheckpointRow,
  expect: EntryWrite['expect'],
): Promise<EntryWriteResult> => context.table.write(rowWrite(id, row, expect));

/** A checkpoint is verified once, so its series row is written once. */
export const seriesWrite = (series: string, row: SeriesRow): EntryWrite => ({
  key: { pk: seriesPartition(series), sk: `${stepPrefix(row.step)}#${row.checkpointId}` },
  body: row,
  expect: 'absent',
});

/** The verified checkpoint of the series with the highest step below `step`. */
export const findCandidate = async (
  context: CatalogueContext,
  series: string,
  step: number,
): Promise<SeriesRow | null> => {
  const [entry] = await context.table.readBefore(seriesPartition(series), stepPrefix(step), 1);
  return entry === undefined ? null : seriesRowSchema.parse(entry.body);
};

/** The row while it is still this attempt's to write, else null: a late worker writes nothing. */
export const readOwnRow = async (
  context: CatalogueContext,
  run: Run,
): Promise<VersionedRow | null> => {
  const found = await readRow(context, run.checkpointId);
  const isOwn = found?.row.state === 'STARTED' && found.row.attempt === run.attempt;
  return isOwn ? found : null;
};

const WRITE_TRIES_MAX = 8;

/** Reads, decides and writes until no other writer came between; `step` returns null to go on. */
export const withoutContention = async <Result>(
  subject: string,
  tryOnce: () => Promise<Result | null>,
): Promise<Result> => {
  for (let tries = 0; tries < WRITE_TRIES_MAX; tries += 1) {
    const result = await tryOnce();
    if (result !== null) {
      return result;
    }
  }
  throw new CheckpointFault('CatalogueContended', subject, {
    message: `another writer changed the row ${WRITE_TRIES_MAX} times`,
    retryable: true,
  });
};
