import type { Sha256 } from '../../contracts/brands.ts';
import {
  type CheckpointPlan,
  encodeResultSchema,
  type SegmentRecord,
} from '../../contracts/checkpoint-documents.ts';
import {
  BASE_MANIFEST_METADATA,
  encodeResultKey,
  manifestKey,
  type Run,
  verifyBatchesKey,
} from '../../contracts/checkpoint-keys.ts';
import type { CommitInput, CommitOutput, VerifyInput } from '../../contracts/checkpoint-states.ts';
import { MANIFEST_BYTES_MAX } from '../../contracts/limits.ts';
import { asciiJsonLines } from '../../domain/checkpoint/ascii-json.ts';
import { originalName, segmentChecksums } from '../../domain/checkpoint/build-manifest.ts';
import { sha256Of } from '../../domain/checkpoint/identity.ts';
import { segmentCountOf } from '../../domain/checkpoint/segments.ts';
import type { ManifestBase } from '../../ports/codec.ts';
import { CheckpointFault } from './checkpoint-fault.ts';
import type { CheckpointContext } from './context.ts';
import { readDocument, writeText } from './documents.ts';
import { logUseCase } from './log-use-case.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { openManifest } from './open-manifest.ts';
import { readPlan, runOf } from './plan-documents.ts';

type CommitContext = Pick<CheckpointContext, 'objects' | 'codec' | 'clock' | 'log' | 'settings'>;

const RESULT_READS_CONCURRENT = 16;

type Encoded =
  | { readonly kind: 'encoded'; readonly segments: readonly SegmentRecord[] }
  | Extract<CommitOutput, { readonly kind: 'ended' }>;

const collectSegments = async (context: CommitContext, plan: CheckpointPlan): Promise<Encoded> => {
  const run = runOf(plan);
  const results = await mapConcurrently(plan.batches, RESULT_READS_CONCURRENT, (_, batch) =>
    readDocument(context, encodeResultKey(run, batch), encodeResultSchema),
  );
  const segments: SegmentRecord[] = [];
  for (const result of results) {
    if (result.kind !== 'encoded') {
      const state = result.kind === 'source-gone' ? 'GONE' : 'SUPERSEDED';
      return { kind: 'ended', ...run, state, reason: result.reason };
    }
    segments.push(...result.segments);
  }
  const expected = segmentCountOf(plan.object.bytes, plan.segmentBytes);
  if (segments.length !== expected) {
    throw new CheckpointFault('DocumentInvalid', plan.checkpointId, {
      message: `the results hold ${segments.length} segments of ${expected}`,
      retryable: false,
    });
  }
  return { kind: 'encoded', segments };
};

const describeBase = async (
  context: CommitContext,
  plan: CheckpointPlan,
): Promise<ManifestBase | null> => {
  if (plan.base === null) {
    return null;
  }
  const { manifest } = await openManifest(context, plan.base);
  return {
    manifest: plan.base.manifestSha256,
    bytes: manifest.bytes,
    crc32: manifest.crc32,
    crc64nvme: manifest.crc64nvme,
    depth: manifest.depth,
  };
};

const buildManifest = async (
  context: CommitContext,
  plan: CheckpointPlan,
  segments: readonly SegmentRecord[],
): Promise<Buffer> => {
  const base = await describeBase(context, plan);
  return context.codec.writeManifest({
    ...context.codec.combineChecksums(segmentChecksums(plan, segments)),
    name: originalName(plan.object.key),
    bytes: plan.object.bytes,
    sha256: null,
    container: plan.container,
    segmentBytes: plan.segmentBytes,
    depth: base === null ? 0 : base.depth + 1,
    base,
    segments,
  });
};

/** The commit point: one conditional PUT. Who comes second uses what is there. */
const writeManifestOnce = async (
  context: CommitContext,
  plan: CheckpointPlan,
  bytes: Buffer,
): Promise<Sha256> => {
  const reference = { bucket: context.settings.storeBucket, key: manifestKey(runOf(plan)) };
  const written = await context.objects.write(reference, bytes, {
    ifAbsent: true,
    contentType: 'application/json',
    metadata: plan.base === null ? {} : { [BASE_MANIFEST_METADATA]: plan.base.manifestKey },
  });
  if (written.kind === 'created') {
    return sha256Of(bytes);
  }
  const stored = await context.objects.readAll(reference, MANIFEST_BYTES_MAX);
  if (stored.kind !== 'read') {
    throw new CheckpointFault('DocumentMissing', reference.key, {
      message: 'the manifest was reported to exist, but is not there',
      retryable: true,
    });
  }
  context.codec.readManifest(stored.bytes);
  return sha256Of(stored.bytes);
};

const writeVerifyBatches = async (
  context: CommitContext,
  plan: CheckpointPlan,
  manifestSha256: Sha256,
): Promise<CommitOutput> => {
  const run: Run = runOf(plan);
  const lines = plan.batches.map(
    ({ segmentFirst, segmentCount }, batch): VerifyInput => ({
      ...run,
      batch,
      segmentFirst,
      segmentCount,
      manifestSha256,
    }),
  );
  const key = verifyBatchesKey(run);
  await writeText(context, key, asciiJsonLines(lines));
  const batches = { bucket: context.settings.storeBucket, key };
  return { kind: 'committed', ...run, manifestSha256, batches };
};

/** Writes the manifest when all segments are stored, and the batches that Verify works on. */
export const commitCheckpoint = (
  context: CommitContext,
  input: CommitInput,
): Promise<CommitOutput> =>
  logUseCase(context, 'commit', { ...input }, async (line) => {
    const plan = await readPlan(context, runOf(input));
    const encoded = await collectSegments(context, plan);
    if (encoded.kind === 'ended') {
      return encoded;
    }
    const bytes = await buildManifest(context, plan, encoded.segments);
    line['segments'] = encoded.segments.length;
    line['manifestBytes'] = bytes.length;
    return writeVerifyBatches(context, plan, await writeManifestOnce(context, plan, bytes));
  });
