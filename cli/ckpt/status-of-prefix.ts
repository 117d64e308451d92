import { readRow } from '../../shared/app/checkpoint/catalogue.ts';
import { mapConcurrently } from '../../shared/app/checkpoint/map-concurrently.ts';
import type { CheckpointRow } from '../../shared/contracts/checkpoint-catalogue.ts';
import { SWEEP_CONCURRENCY } from '../../shared/contracts/limits.ts';
import { checkpointIdOf } from '../../shared/domain/checkpoint/identity.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import type { Host } from '../hosts/host.ts';
import type { Session } from '../session.ts';
import { formatBytes, formatRatio, ratioOf } from '../text/quantity.ts';
import { listVersions } from './list-versions.ts';
import { readProgress } from './read-progress.ts';
import { formatS3Uri, type ObjectAddress } from './s3-uri.ts';

interface Line {
  readonly uri: string;
  readonly versionId: string | null;
  readonly state: string;
  readonly bytes: number;
  readonly bytesOut: number | null;
  readonly depth: number | null;
  readonly reason: string;
}

/** One line a version: the current ones, and earlier ones that have been compressed. */
export async function showPrefix(
  session: Session,
  host: Host,
  address: ObjectAddress,
): Promise<number> {
  const lines: Line[] = [];
  for await (const versions of listVersions(host.context.objects, address)) {
    const found = await mapConcurrently(versions, SWEEP_CONCURRENCY, async (listed) => {
      const checkpointId = checkpointIdOf(listed.object);
      const row = (await readRow(host.context, checkpointId))?.row ?? null;
      if (row === null && !listed.isCurrent) return null;
      const { object } = listed;
      const reason = await reasonOf(host, row, checkpointId);
      return {
        uri: formatS3Uri(object),
        versionId: object.versionId,
        ...describe(row),
        bytes: object.bytes,
        reason,
      };
    });
    lines.push(...found.filter((line) => line !== null));
  }
  if (lines.length === 0) {
    throw new CliError(`there is no object under ${formatS3Uri(address)}`, {
      advice: `Uploads are compressed under: ${host.context.settings.sourcePrefixes.join(', ') || 'no prefix yet'}`,
    });
  }
  session.terminal.result(describeAll(lines), { command: 'status', checkpoints: lines });
  return EXIT.ok;
}

function describe(row: CheckpointRow | null): Pick<Line, 'state' | 'bytesOut' | 'depth'> {
  const verified = row?.verified ?? null;
  return {
    state: row?.state ?? 'not started',
    bytesOut: verified?.bytesOut ?? null,
    depth: verified?.depth ?? null,
  };
}

async function reasonOf(
  host: Host,
  row: CheckpointRow | null,
  checkpointId: ReturnType<typeof checkpointIdOf>,
): Promise<string> {
  if (row?.state !== 'STARTED') return row?.reason ?? '';
  const { stage, done, total } = await readProgress(host.context, {
    checkpointId,
    attempt: row.attempt,
  });
  return `${stage} ${done}/${total}`;
}

function describeAll(lines: readonly Line[]): string {
  const rows = lines.map((line) => {
    const sizes =
      line.bytesOut === null
        ? formatBytes(line.bytes)
        : `${formatBytes(line.bytes)} → ${formatBytes(line.bytesOut)} (${formatRatio(line.bytes, line.bytesOut)})`;
    const depth = line.depth === null || line.depth === 0 ? '' : `delta, depth ${line.depth}`;
    const note = [depth, line.reason].filter((it) => it !== '').join('; ');
    return [line.state, sizes, line.uri, note] as const;
  });
  const widths = [0, 1, 2].map((column) =>
    rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0),
  );
  const text = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [...text, totalLine(lines)].join('\n');
}

function totalLine(lines: readonly Line[]): string {
  const done = lines.filter((line) => line.bytesOut !== null);
  const bytesIn = done.reduce((sum, line) => sum + line.bytes, 0);
  const bytesOut = done.reduce((sum, line) => sum + (line.bytesOut ?? 0), 0);
  const ratio = ratioOf(bytesIn, bytesOut).toFixed(2);
  return `${done.length} of ${lines.length} verified: ${formatBytes(bytesIn)} → ${formatBytes(bytesOut)} (${ratio}x)`;
}
