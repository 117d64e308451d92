import { z } from 'zod';
import {
  type OpenCheckpoint,
  openCheckpoint,
} from '../../shared/app/checkpoint/open-checkpoint.ts';
import { listCheckpointTensors, openTensor } from '../../shared/app/checkpoint/open-tensor.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import { writeAtomically } from '../files/atomic-output.ts';
import type { Host } from '../hosts/host.ts';
import { withHost } from '../hosts/open-host.ts';
import { onlyArgument, parseOptions, pathSchema } from '../parse-options.ts';
import type { Command, Session } from '../session.ts';
import { gibPerSecond, ratioOf } from '../text/quantity.ts';
import { restoredLine } from '../text/result-lines.ts';
import { findVerified, type VerifiedCheckpoint } from './find-checkpoint.ts';
import { restoreInsideAws } from './restore-to-object.ts';
import { formatS3Uri, parseObjectUri } from './s3-uri.ts';
import { findTensor, refuseView, reportTensor } from './tensor-output.ts';
import { type Chunk, writeTensor, writeWhole } from './write-restored.ts';

const optionsSchema = z.object({
  output: pathSchema.optional(),
  versionId: z.string().min(1).optional(),
  tensor: z.string().min(1).optional(),
  to: z.string().min(1).optional(),
  force: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

/** `mithril ckpt restore s3://bucket/key (-o FILE | --to s3://bucket/key) [--tensor NAME]` */
export const restore: Command = async (session, args, given) => {
  const options = parseOptions(optionsSchema, given);
  const address = parseObjectUri(onlyArgument(args));
  if (options.to === undefined && options.output === undefined) {
    throw new CliError('say where the original goes: -o FILE, or --to s3://bucket/key', {
      exitCode: EXIT.usage,
    });
  }
  if (options.to !== undefined && (options.output ?? options.tensor) !== undefined) {
    throw new CliError('--to writes a whole object: it cannot go with -o or --tensor', {
      exitCode: EXIT.usage,
    });
  }
  return withHost(session, given, async (host) => {
    const versionId = options.versionId ?? null;
    const found = await findVerified(host.context, address, versionId);
    if (found.note !== '') session.terminal.note(found.note);
    if (options.to !== undefined) return restoreInsideAws(session, host, found, options.to);
    const opened = await openCheckpoint(host.context, found.verified);
    const output = options.output ?? '';
    return options.tensor === undefined
      ? restoreFile(session, host, { found, opened, output, isForced: options.force })
      : restoreTensor(session, host, { found, opened, output, isForced: options.force }, options);
  });
};

interface Restoring {
  readonly found: VerifiedCheckpoint;
  readonly opened: OpenCheckpoint;
  readonly output: string;
  readonly isForced: boolean;
}

async function restoreFile(session: Session, host: Host, work: Restoring): Promise<number> {
  const startedMs = performance.now();
  const { object, verified } = work.found;
  await restoreToFile(session, host, work);
  const seconds = (performance.now() - startedMs) / 1000;
  const bytesOut = verified.chainStoredBytes;
  session.terminal.result(restoredLine({ bytesIn: object.bytes, bytesOut, seconds }), {
    command: 'restore',
    source: formatS3Uri(object),
    versionId: object.versionId,
    checkpointId: work.found.checkpointId,
    output: work.output,
    bytesIn: bytesOut,
    bytesOut: object.bytes,
    ratio: ratioOf(object.bytes, verified.bytesOut),
    seconds,
    gibPerSecond: gibPerSecond(object.bytes, seconds),
    checksums: pickChecksums(work.opened),
  });
  return EXIT.ok;
}

/** Whole, checked against the checksums of the original, atomic. */
export async function restoreToFile(
  session: Session,
  host: Pick<Host, 'context'>,
  work: Pick<Restoring, 'opened' | 'output' | 'isForced'>,
): Promise<void> {
  const { output, isForced, opened } = work;
  const { interruption, terminal } = session;
  const progress = terminal.progress('Restoring');
  try {
    await writeAtomically({ path: output, isForced, interruption }, (temporary) =>
      writeWhole(host.context.codec, opened, {
        path: temporary,
        signal: interruption.signal,
        onProgress: (done, total) => progress.update(done, total),
      }),
    );
  } finally {
    progress.end();
  }
}

async function restoreTensor(
  session: Session,
  host: Host,
  work: Restoring,
  options: Options,
): Promise<number> {
  const name = options.tensor ?? '';
  const subject = formatS3Uri(work.found.object);
  const result = await openTensor(host.context, work.opened, name);
  if (result.kind === 'absent') {
    findTensor(await listCheckpointTensors(host.context, work.opened), name, subject);
    throw new CliError(`${subject} has no tensor "${name}"`);
  }
  const { tensor } = result;
  refuseView(tensor, subject);
  const chunks: AsyncIterable<Chunk> = result.chunks;
  const { output, isForced } = work;
  await writeAtomically({ path: output, isForced, interruption: session.interruption }, (path) =>
    writeTensor(tensor, chunks, { path, output, signal: session.interruption.signal }),
  );
  reportTensor(session.terminal, tensor, output);
  return EXIT.ok;
}

function pickChecksums(opened: OpenCheckpoint) {
  const { crc32, crc32c, crc64nvme } = opened.stored.manifest;
  return { crc32, crc32c, crc64nvme };
}
