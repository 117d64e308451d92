import type { RetireOutput, SweepInput } from '../../contracts/checkpoint-commands.ts';
import type { ObjectVersion } from '../../contracts/checkpoint-object.ts';
import { refusalOf } from '../../domain/checkpoint/admission.ts';
import { checkpointIdOf } from '../../domain/checkpoint/identity.ts';
import { judgeRetirement } from '../../domain/checkpoint/judge-retirement.ts';
import { storageUsdPerMonth } from '../../domain/cost/prices.ts';
import type { ListedVersion } from '../../ports/object-store.ts';
import { readRow, type VersionedRow, writeRow } from './catalogue.ts';
import { findDoubt } from './check-stored-form.ts';
import type { CheckpointContext } from './context.ts';
import { logUseCase } from './log-use-case.ts';
import { sweepSource } from './sweep-source.ts';

type RetireContext = Pick<
  CheckpointContext,
  'objects' | 'table' | 'codec' | 'retirer' | 'clock' | 'log' | 'remainingMs' | 'settings'
>;

interface Tally {
  listed: number;
  retired: number;
  bytesRetired: number;
  kept: number;
  readonly reasons: { key: string; reason: string }[];
}

const REASONS_MAX = 100;

type Attempted = { readonly kind: 'retired' } | { readonly kind: 'kept'; readonly reason: string };

const kept = (reason: string): Attempted => ({ kind: 'kept', reason });

/** With an older version beneath it, deleting the current one would bring that one back. */
const hasOtherVersions = async (
  context: RetireContext,
  object: ObjectVersion,
): Promise<boolean> => {
  const page = await context.objects.listPage(object.bucket, object.key, null);
  return page.versions.some(
    ({ object: other }) => other.key === object.key && other.versionId !== object.versionId,
  );
};

/** The row says RETIRED before the delete: a crash between them is gone through again. */
const markRetired = async (
  context: RetireContext,
  object: ObjectVersion,
  { row, version }: VersionedRow,
): Promise<boolean> => {
  if (row.state === 'RETIRED') {
    return true;
  }
  const next = { ...row, state: 'RETIRED' as const, updatedMs: context.clock.nowMs() };
  const result = await writeRow(context, checkpointIdOf(object), next, version);
  return result.kind === 'written';
};

const retireChecked = async (
  context: RetireContext,
  { object, isCurrent }: ListedVersion,
  versionId: string,
  found: VersionedRow,
): Promise<Attempted> => {
  if (isCurrent && (await hasOtherVersions(context, object))) {
    return kept('It is the current version, and an older one would become current.');
  }
  const facts = found.row.verified;
  const doubt = facts === null ? 'The row holds no facts.' : await findDoubt(context, facts);
  if (doubt !== null) {
    return kept(doubt);
  }
  if (!(await markRetired(context, object, found))) {
    return kept('The row changed meanwhile.');
  }
  await context.retirer.deleteVersion({ ...object, versionId });
  context.log.count('OriginalsRetired', 1);
  const savedBytes = object.bytes - (facts?.bytesOut ?? object.bytes);
  context.log.count('DollarsSavedMonthly', storageUsdPerMonth(savedBytes));
  return { kind: 'retired' };
};

const retireListed = async (
  context: RetireContext,
  tally: Tally,
  listed: ListedVersion,
): Promise<void> => {
  const { object } = listed;
  tally.listed += 1;
  if (refusalOf(context.settings, object.bucket, object.key) !== null) {
    return;
  }
  const found = await readRow(context, checkpointIdOf(object));
  const verdict = judgeRetirement(
    found?.row ?? null,
    object.versionId,
    context.clock.nowMs(),
    context.settings.retireGraceHours,
  );
  if (verdict.kind === 'ignore' || found === null) {
    return;
  }
  const attempted =
    verdict.kind === 'keep'
      ? verdict
      : await retireChecked(context, listed, verdict.versionId, found);
  if (attempted.kind === 'retired') {
    tally.retired += 1;
    tally.bytesRetired += object.bytes;
    return;
  }
  tally.kept += 1;
  if (tally.reasons.length < REASONS_MAX) {
    tally.reasons.push({ key: object.key, reason: attempted.reason });
  }
};

/**
 * Deletes originals that a team opted in to delete: exact versions under the prefixes, verified
 * longer ago than the grace time, after a second look at everything a restore would read. Any
 * doubt keeps the original and says why.
 */
export const retireOriginals = (context: RetireContext, input: SweepInput): Promise<RetireOutput> =>
  logUseCase(context, 'retire', { ...input }, async (line) => {
    if (!context.settings.isEnabled) {
      return { kind: 'disabled' };
    }
    const tally: Tally = { listed: 0, retired: 0, bytesRetired: 0, kept: 0, reasons: [] };
    const isComplete = await sweepSource(context, 'retire', input, (listed) =>
      retireListed(context, tally, listed),
    );
    const { reasons, ...counts } = tally;
    Object.assign(line, counts, { isComplete });
    return { kind: 'swept', isComplete, ...counts, reasons };
  });
