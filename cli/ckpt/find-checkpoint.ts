import { readRow } from '../../shared/app/checkpoint/catalogue.ts';
import type { CheckpointContext } from '../../shared/app/checkpoint/context.ts';
import type { CheckpointId } from '../../shared/contracts/brands.ts';
import {
  type CheckpointRow,
  type SeriesRow,
  seriesPartition,
  seriesRowSchema,
  type VerifiedFacts,
} from '../../shared/contracts/checkpoint-catalogue.ts';
import type { ObjectVersion } from '../../shared/contracts/checkpoint-object.ts';
import { checkpointIdOf } from '../../shared/domain/checkpoint/identity.ts';
import { placeInSeries } from '../../shared/domain/checkpoint/series.ts';
import { CliError } from '../cli-error.ts';
import { formatS3Uri, type ObjectAddress } from './s3-uri.ts';

type FindContext = Pick<CheckpointContext, 'objects' | 'table' | 'settings'>;

/** Sorts after every step of a series. */
const AFTER_ALL_STEPS = '~';
const SERIES_ROWS_MAX = 1_000;

export interface VerifiedCheckpoint {
  readonly checkpointId: CheckpointId;
  readonly object: ObjectVersion;
  readonly verified: VerifiedFacts;
  /** Something that the person should know about the choice, or nothing. */
  readonly note: string;
}

/** The verified checkpoint of an object: of this version, else of the current one. */
export async function findVerified(
  context: FindContext,
  address: ObjectAddress,
  versionId: string | null,
): Promise<VerifiedCheckpoint> {
  const head = await context.objects.head({ ...address, versionId });
  if (head.kind === 'found') return verifiedOf(context, head.head.object);
  const rows = await findBySeries(context, address);
  const row = rows.find((it) => versionId === null || it.object.versionId === versionId);
  if (row === undefined) throw unknownObject(address, versionId);
  const note =
    versionId === null
      ? `The original is gone; this is its latest verified version (${row.object.versionId}).`
      : '';
  return { ...row, note };
}

async function verifiedOf(
  context: FindContext,
  object: ObjectVersion,
): Promise<VerifiedCheckpoint> {
  const checkpointId = checkpointIdOf(object);
  const found = await readRow(context, checkpointId);
  if (found === null) {
    throw new CliError(`nothing has been compressed of ${formatS3Uri(object)} yet`, {
      advice: 'Start what was missed with: mithril ckpt reconcile',
    });
  }
  const { row } = found;
  if (row.verified !== null) return { checkpointId, object, verified: row.verified, note: '' };
  throw new CliError(`${formatS3Uri(object)} is ${describeState(row)}`, {
    advice: `Look at it with: mithril ckpt status ${formatS3Uri(object)}`,
  });
}

export const describeState = (row: CheckpointRow): string =>
  row.state === 'STARTED' ? 'being compressed' : `${row.state}: ${row.reason}`;

/** Verified checkpoints of one key, latest step first, whether or not the originals exist. */
export async function findBySeries(
  context: FindContext,
  address: ObjectAddress,
): Promise<readonly SeriesRow[]> {
  const gone = { ...address, versionId: null, etag: '', bytes: 0, lastModifiedMs: 0 };
  const { series } = placeInSeries(gone, {}, context.settings.keyPattern);
  const partition = seriesPartition(series);
  const entries = await context.table.readBefore(partition, AFTER_ALL_STEPS, SERIES_ROWS_MAX);
  return entries
    .map((entry) => seriesRowSchema.parse(entry.body))
    .filter((row) => row.object.key === address.key)
    .sort((a, b) => b.object.lastModifiedMs - a.object.lastModifiedMs);
}

function unknownObject(address: ObjectAddress, versionId: string | null): CliError {
  const version = versionId === null ? '' : ` version ${versionId}`;
  return new CliError(
    `there is no object ${formatS3Uri(address)}${version}, and no checkpoint of it`,
    {
      advice: 'List what there is with: mithril ckpt status s3://BUCKET/PREFIX/',
    },
  );
}
