import type { CheckpointId } from '../../shared/contracts/brands.ts';
import type { VerifiedFacts } from '../../shared/contracts/checkpoint-catalogue.ts';
import type { ObjectVersion } from '../../shared/contracts/checkpoint-object.ts';
import type { Session } from '../session.ts';
import { formatBytes } from '../text/quantity.ts';
import { compressedLine } from '../text/result-lines.ts';
import type { DemoHost } from './demo-host.ts';
import { follow } from './follow.ts';
import type { StepFile } from './prepare-input.ts';
import { StageLines, type StageTime } from './stage-lines.ts';
import { upload } from './upload.ts';

export interface StepResult {
  readonly step: StepFile;
  readonly checkpointId: CheckpointId;
  readonly object: ObjectVersion;
  readonly verified: VerifiedFacts;
  readonly baseReason: string;
  readonly times: readonly StageTime[];
  /** From the start of the upload to VERIFIED. */
  readonly seconds: number;
  readonly restored: Restored | null;
}

export interface Restored {
  readonly sha256: string;
  readonly isExact: boolean;
  readonly seconds: number;
}

/** Uploads one step and follows it until it is VERIFIED. */
export async function runStep(
  session: Session,
  demo: DemoHost,
  step: StepFile,
): Promise<StepResult> {
  const { terminal } = session;
  const target = { bucket: demo.sourceBucket, key: step.key };
  terminal.note(`\nStep ${step.number} → s3://${target.bucket}/${target.key}`);
  const lines = new StageLines(session);
  const startedMs = performance.now();
  const object = await lines.run('upload', async () => {
    const uploaded = await upload(demo.host.context, step.path, target, (done, total) =>
      lines.update(`${formatBytes(done)} of ${formatBytes(total)}`),
    );
    lines.update(formatBytes(step.bytes));
    return uploaded;
  });
  await demo.announce(object);
  const followed = await follow(session, demo.host.context, object, lines);
  const seconds = (performance.now() - startedMs) / 1000;
  const { verified } = followed.row;
  terminal.line(compressedLine({ bytesIn: step.bytes, bytesOut: verified.bytesOut, seconds }));
  const base = verified.base === null ? 'stored by itself' : 'stored as a delta to step 1';
  terminal.note(`  ${base}: ${followed.baseReason}`);
  const { checkpointId, baseReason } = followed;
  const { times } = lines;
  return { step, checkpointId, object, verified, baseReason, times, seconds, restored: null };
}
