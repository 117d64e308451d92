import type { CheckpointPlan } from '../../contracts/checkpoint-documents.ts';
import type { PlanInput, PlanOutput } from '../../contracts/checkpoint-states.ts';
import { OBJECT_BYTES_MAX } from '../../contracts/limits.ts';
import { isSameVersion } from '../../domain/checkpoint/identity.ts';
import { segmentCountOf, splitIntoBatches } from '../../domain/checkpoint/segments.ts';
import { placeInSeries } from '../../domain/checkpoint/series.ts';
import type { HeadResult, ObjectHead } from '../../ports/object-store.ts';
import { findCandidate, readRow } from './catalogue.ts';
import { chooseBase } from './choose-base.ts';
import type { CheckpointContext } from './context.ts';
import { type LogLine, logUseCase } from './log-use-case.ts';
import { findPlan, runOf, writeEncodeBatches, writeLayouts, writePlan } from './plan-documents.ts';
import { type ProbedObject, probeObject, readObjectRanges } from './probe-object.ts';

type PlanContext = Pick<
  CheckpointContext,
  'objects' | 'table' | 'codec' | 'clock' | 'log' | 'settings'
>;

const GIB = 1024 ** 3;

type HeadVerdict =
  | { readonly kind: 'plan'; readonly head: ObjectHead }
  | { readonly kind: 'stop'; readonly output: PlanOutput };

const ended = (input: PlanInput, state: 'GONE' | 'SUPERSEDED'): PlanOutput => ({
  kind: 'ended',
  ...runOf(input),
  state,
  reason: state === 'GONE' ? 'The object was deleted.' : 'The object was overwritten.',
});

const judgeHead = (input: PlanInput, found: HeadResult): HeadVerdict => {
  const run = runOf(input);
  if (found.kind === 'absent') {
    return { kind: 'stop', output: ended(input, 'GONE') };
  }
  if (found.kind === 'unreadable') {
    return { kind: 'stop', output: { kind: 'quarantine', ...run, reason: found.reason } };
  }
  if (!isSameVersion(found.head.object, input.object)) {
    return { kind: 'stop', output: ended(input, 'SUPERSEDED') };
  }
  if (input.object.bytes > OBJECT_BYTES_MAX) {
    const reason = `The object is larger than ${OBJECT_BYTES_MAX / GIB} GiB.`;
    return { kind: 'stop', output: { kind: 'quarantine', ...run, reason } };
  }
  return { kind: 'plan', head: found.head };
};

/** The row's place was fixed at the start; the key pattern may have changed since. */
const findBaseCandidate = async (
  context: PlanContext,
  input: PlanInput,
  metadata: ObjectHead['metadata'],
): ReturnType<typeof findCandidate> => {
  const found = await readRow(context, input.checkpointId);
  const place = found?.row ?? placeInSeries(input.object, metadata, context.settings.keyPattern);
  return findCandidate(context, place.series, place.step);
};

const makePlan = async (
  context: PlanContext,
  input: PlanInput,
  head: ObjectHead,
  target: ProbedObject,
  line: LogLine,
): Promise<CheckpointPlan> => {
  const { object } = input;
  const candidate = await findBaseCandidate(context, input, head.metadata);
  const { verdict, regions } = await chooseBase(context, object, target, candidate);
  line['baseReason'] = verdict.reason;
  const segmentCount = segmentCountOf(object.bytes, context.settings.segmentBytes);
  const batches = splitIntoBatches(segmentCount, context.settings.batchSegments);
  return {
    ...runOf(input),
    object,
    checksum: head.checksum,
    container: target.container,
    segmentBytes: context.settings.segmentBytes,
    base: verdict.kind === 'delta' ? verdict.base : null,
    baseReason: verdict.reason,
    batches: await writeLayouts(context, runOf(input), batches, { bytes: object.bytes, regions }),
  };
};

const planFound = async (
  context: PlanContext,
  input: PlanInput,
  head: ObjectHead,
  line: LogLine,
): Promise<PlanOutput> => {
  const { object } = input;
  let state: 'GONE' | 'SUPERSEDED' = 'GONE';
  const target = await probeObject(context, object.bytes, async (ranges) => {
    const result = await readObjectRanges(context, object, ranges);
    state = result.kind === 'changed' ? 'SUPERSEDED' : 'GONE';
    return result.kind === 'read' ? result.bytes : null;
  });
  if (target === null) {
    return ended(input, state);
  }
  const plan = await makePlan(context, input, head, target, line);
  return writeEncodeBatches(context, await writePlan(context, plan));
};

/**
 * First state: looks at the exact version, chooses the base, and writes the batches that Encode
 * works on. Run twice, the first plan is the one that counts.
 */
export const planCheckpoint = (context: PlanContext, input: PlanInput): Promise<PlanOutput> =>
  logUseCase(
    context,
    'plan',
    { ...runOf(input), key: input.object.key, bytes: input.object.bytes },
    async (line) => {
      const known = await findPlan(context, runOf(input));
      if (known !== null) {
        return writeEncodeBatches(context, known);
      }
      const { bucket, key, versionId } = input.object;
      const found = await context.objects.head({ bucket, key, versionId });
      const verdict = judgeHead(input, found);
      return verdict.kind === 'stop'
        ? verdict.output
        : planFound(context, input, verdict.head, line);
    },
  );
