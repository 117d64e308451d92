import type { z } from 'zod';
import type { Sha256 } from '../../contracts/brands.ts';
import { type DedupPlan, dedupPlanSchema } from '../../contracts/dedup-job.ts';
import {
  type DedupStage,
  dedupItemsKey,
  dedupMarkerKey,
  dedupObjectKey,
  dedupPlanKey,
} from '../../contracts/dedup-keys.ts';
import { type DedupMarker, type DedupRefused, markerSchema } from '../../contracts/dedup-states.ts';
import { asciiJsonLines } from '../../domain/checkpoint/ascii-json.ts';
import type { ObjectReference } from '../../ports/object-store.ts';
import { findDocument, readDocument, writeText } from '../checkpoint/documents.ts';
import { mapConcurrently } from '../checkpoint/map-concurrently.ts';
import type { DedupContext } from './context.ts';

export type JobContext = Pick<DedupContext, 'objects' | 'settings'>;

const MARKER_READS_CONCURRENT = 16;

export const readDedupPlan = (context: JobContext, jobId: Sha256): Promise<DedupPlan> =>
  readDocument(context, dedupPlanKey(jobId), dedupPlanSchema);

/** What stages are told of the job; the fields are those of native/minhash/src/job/spec.rs. */
export const specOf = ({ request, inputs, tasks, limits }: DedupPlan) => ({
  settings: request.settings,
  keep: request.keep,
  mode: request.mode,
  ...(request.idKey === undefined ? {} : { idKey: request.idKey }),
  badShareMax: request.badShareMax,
  inputs: inputs.map(({ name, object }) => ({ name, bytes: object.bytes })),
  tasks,
  parts: limits.parts,
});

export const workObject = (
  { settings }: JobContext,
  jobId: Sha256,
  stage: DedupStage,
  [task, output = 0]: readonly [number, number?],
): ObjectReference => ({
  bucket: settings.storeBucket,
  key: dedupObjectKey(jobId, stage, task, output),
});

/** The first objects of the first `count` tasks of a stage. */
export const workObjects = (
  context: JobContext,
  jobId: Sha256,
  stage: DedupStage,
  count: number,
): ObjectReference[] =>
  Array.from({ length: count }, (_, task) => workObject(context, jobId, stage, [task]));

/** The exact version that the plan saw. */
export const inputObject = ({ inputs }: DedupPlan, file: number): ObjectReference => {
  const found = inputs[file];
  if (found === undefined) throw new Error(`the plan has no input ${file}`);
  const { bucket, key, versionId, etag } = found.object;
  return { bucket, key, versionId, etag };
};

export const findMarker = <Summary>(
  context: JobContext,
  [jobId, stage, task]: readonly [Sha256, DedupStage, number],
  summary: z.ZodType<Summary>,
): Promise<DedupMarker<Summary> | null> =>
  findDocument(context, dedupMarkerKey(jobId, stage, task), markerSchema(summary));

interface Markers<Summary> {
  readonly summaries: readonly Summary[];
  /** Why tasks could not be done, each reason once. */
  readonly broken: readonly string[];
}

/** The markers of all tasks of a stage; each is there when the Map before has succeeded. */
export const readMarkers = async <Summary>(
  context: JobContext,
  [jobId, stage, count]: readonly [Sha256, DedupStage, number],
  summary: z.ZodType<Summary>,
): Promise<Markers<Summary>> => {
  const tasks = Array.from({ length: count }, (_, task) => task);
  const schema = markerSchema(summary);
  const markers = await mapConcurrently(tasks, MARKER_READS_CONCURRENT, (task) =>
    readDocument(context, dedupMarkerKey(jobId, stage, task), schema),
  );
  return {
    summaries: markers.flatMap((it) => (it.kind === 'done' ? [it.summary] : [])),
    broken: [...new Set(markers.flatMap((it) => (it.kind === 'broken' ? [it.reason] : [])))],
  };
};

/** One line a task: every writer writes the same. */
export const writeItems = async (
  context: JobContext,
  jobId: Sha256,
  stage: DedupStage,
  count: number,
): Promise<{ readonly bucket: string; readonly key: string }> => {
  const key = dedupItemsKey(jobId, stage);
  const lines = Array.from({ length: count }, (_, task) => ({ jobId, task }));
  await writeText(context, key, asciiJsonLines(lines));
  return { bucket: context.settings.storeBucket, key };
};

export const refused = (jobId: Sha256 | null, reason: string): DedupRefused => ({
  kind: 'refused',
  jobId,
  reason,
});
