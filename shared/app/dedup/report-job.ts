import type { DedupPlan } from '../../contracts/dedup-job.ts';
import { totalsName } from '../../contracts/dedup-keys.ts';
import {
  type DedupReportOutput,
  type DedupStepInput,
  type DedupTotals,
  filterSummarySchema,
  gatherSummarySchema,
  stitchSummarySchema,
  verifySummarySchema,
} from '../../contracts/dedup-states.ts';
import { asciiJson } from '../../domain/checkpoint/ascii-json.ts';
import { addUp, contradictionIn } from '../../domain/dedup/totals.ts';
import { CheckpointFault } from '../checkpoint/checkpoint-fault.ts';
import { logUseCase } from '../checkpoint/log-use-case.ts';
import type { DedupContext } from './context.ts';
import { countReported } from './count-reported.ts';
import { readDedupPlan, readMarkers, refused } from './job-documents.ts';
import { ObjectUpload } from './object-upload.ts';
import { StageRefusal } from './run-stage.ts';
import { summaryOf } from './stages.ts';

/** Last state: checks that of every input all lines are accounted for, and writes the totals. */
export const reportDedup = (
  context: DedupContext,
  { jobId }: DedupStepInput,
): Promise<DedupReportOutput> =>
  logUseCase(context, 'dedup-report', { jobId }, async (line) => {
    const plan = await readDedupPlan(context, jobId);
    try {
      const totals = await collect(context, plan);
      line['rows'] = totals.total.rows;
      line['duplicates'] = totals.duplicates;
      const { bucket, prefix } = plan.request.output;
      const upload = new ObjectUpload(context, { bucket, key: `${prefix}${totalsName}` });
      await upload.append(Buffer.from(asciiJson(totals)));
      await upload.finish();
      await countReported(context, plan, totals);
      return { kind: 'reported', jobId, ...totals.total, duplicates: totals.duplicates };
    } catch (error) {
      if (error instanceof StageRefusal) return refused(jobId, error.message);
      throw error;
    }
  });

async function collect(context: DedupContext, plan: DedupPlan): Promise<DedupTotals> {
  const { jobId, inputs } = plan;
  const gathered = await summaryOf(context, [jobId, 'gather'], gatherSummarySchema);
  const stitched = await summaryOf(context, [jobId, 'stitch'], stitchSummarySchema);
  const verified = await readMarkers(
    context,
    [jobId, 'verify', stitched.bins],
    verifySummarySchema,
  );
  const filtered = await readMarkers(
    context,
    [jobId, 'filter', inputs.length],
    filterSummarySchema,
  );
  const [broken] = [...verified.broken, ...filtered.broken];
  if (broken !== undefined) throw new StageRefusal(broken);
  const files = filtered.summaries.map((summary, file) => ({
    name: inputs[file]?.name ?? '',
    hashed: gathered.files[file] ?? { rows: -1, rejected: -1 },
    ...summary,
  }));
  const contradiction = contradictionIn(files, verified.summaries);
  if (contradiction !== null) {
    throw new CheckpointFault('Corruption', jobId, { message: contradiction, retryable: false });
  }
  return { jobId, ...addUp(files, verified.summaries, stitched) };
}
