import type { CheckpointId } from '../../shared/contracts/brands.ts';
import type { CheckpointRow } from '../../shared/contracts/checkpoint-catalogue.ts';
import type { ObjectVersion } from '../../shared/contracts/checkpoint-object.ts';
import { formatBytes, formatRatio, formatSeconds } from '../text/quantity.ts';
import { type Progress, STAGES } from './read-progress.ts';
import { formatS3Uri } from './s3-uri.ts';

export interface StatusFacts {
  readonly checkpointId: CheckpointId;
  readonly object: ObjectVersion;
  /** The object is in the bucket. */
  readonly isThere: boolean;
  readonly row: CheckpointRow | null;
  readonly progress: Progress | null;
}

/** Everything that is known of one checkpoint, and what to do next. */
export function describeOne(facts: StatusFacts): string {
  const { object, row, checkpointId } = facts;
  const rows: (readonly [string, string])[] = [
    ['object', formatS3Uri(object)],
    ['version', `${object.versionId ?? 'none'}${facts.isThere ? '' : ' (the original is gone)'}`],
    ['size', formatBytes(object.bytes)],
    ['checkpoint', checkpointId],
    ['state', row === null ? 'not started' : `${row.state} (attempt ${row.attempt})`],
    ...progressRows(row, facts.progress),
    ...verifiedRows(facts),
    ...(row !== null && row.reason !== '' && row.reason !== facts.progress?.plan?.baseReason
      ? [['reason', row.reason] as const]
      : []),
    ['next', nextCommand(facts)],
  ];
  return rows.map(([name, text]) => `${name.padEnd(11)} ${text}`).join('\n');
}

function progressRows(
  row: CheckpointRow | null,
  progress: Progress | null,
): (readonly [string, string])[] {
  if (row?.state !== 'STARTED' || progress === null) return [];
  const { stage, done, total } = progress;
  const at = STAGES.indexOf(stage);
  const stages = STAGES.map((name, index) => {
    if (index < at) return `${name} done`;
    return index === at ? `${name} ${done}/${total}` : name;
  });
  return [['progress', stages.join(' → ')]];
}

function verifiedRows({ object, row, progress }: StatusFacts): (readonly [string, string])[] {
  const baseReason = progress?.plan?.baseReason ?? '';
  const because: (readonly [string, string])[] = baseReason === '' ? [] : [['because', baseReason]];
  if (row === null || row.verified === null) return because;
  const { verified } = row;
  const base = verified.base === null ? 'none' : formatS3Uri(verified.base.object);
  const cpu = verified.encodeCpuSeconds + verified.verifyCpuSeconds;
  const stored = `${formatBytes(verified.bytesOut)} (${formatRatio(object.bytes, verified.bytesOut)})`;
  const seconds = (verified.verifiedMs - row.startedMs) / 1000;
  return [
    ['compressed', stored],
    ['base', base],
    ...because,
    ['depth', `${verified.depth}; a restore reads ${formatBytes(verified.chainStoredBytes)}`],
    [
      'verified',
      `${new Date(verified.verifiedMs).toISOString()}, ${formatSeconds(seconds)} after the start`,
    ],
    ['cost', `${cpu.toFixed(1)} CPU seconds, ${formatBytes(verified.bytesMoved)} moved`],
    ['manifest', verified.manifestKey],
  ];
}

function nextCommand({ object, row }: StatusFacts): string {
  const uri = formatS3Uri(object);
  switch (row?.state) {
    case 'VERIFIED':
    case 'RETIRED':
      return `mithril ckpt restore '${uri}' -o FILE`;
    case 'STARTED':
      return `mithril ckpt status '${uri}'   (again in a moment)`;
    case 'FAILED':
      return 'look at the execution in the console, then docs/runbook.md, "Failed checkpoint"';
    case 'QUARANTINED':
    case 'SUPERSEDED':
    case 'GONE':
      return 'nothing: the original was left as it is';
    default:
      return 'mithril ckpt reconcile   (starts what no event started)';
  }
}
