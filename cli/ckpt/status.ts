import { readRow } from '../../shared/app/checkpoint/catalogue.ts';
import type { ObjectVersion } from '../../shared/contracts/checkpoint-object.ts';
import { checkpointIdOf } from '../../shared/domain/checkpoint/identity.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import type { Host } from '../hosts/host.ts';
import { withHost } from '../hosts/open-host.ts';
import { onlyArgument } from '../parse-options.ts';
import type { Command, Session } from '../session.ts';
import { findBySeries } from './find-checkpoint.ts';
import { readProgress } from './read-progress.ts';
import { formatS3Uri, type ObjectAddress, parseS3Uri } from './s3-uri.ts';
import { showPrefix } from './status-of-prefix.ts';
import { describeOne, type StatusFacts } from './status-text.ts';

/** `mithril ckpt status s3://bucket/key` or `s3://bucket/prefix/` */
export const status: Command = async (session, args, given) => {
  const address = parseS3Uri(onlyArgument(args));
  return withHost(session, given, (host) =>
    address.key === '' || address.key.endsWith('/')
      ? showPrefix(session, host, address)
      : showOne(session, host, address),
  );
};

async function showOne(session: Session, host: Host, address: ObjectAddress): Promise<number> {
  const facts = await readFacts(host, address);
  const { row, progress, object, checkpointId } = facts;
  session.terminal.result(describeOne(facts), {
    command: 'status',
    uri: formatS3Uri(object),
    versionId: object.versionId,
    checkpointId,
    bytes: object.bytes,
    isThere: facts.isThere,
    state: row?.state ?? null,
    attempt: row?.attempt ?? null,
    reason: row?.reason ?? '',
    progress:
      progress === null
        ? null
        : { stage: progress.stage, done: progress.done, total: progress.total },
    baseReason: progress?.plan?.baseReason ?? '',
    verified: row?.verified ?? null,
  });
  return EXIT.ok;
}

async function readFacts(host: Host, address: ObjectAddress): Promise<StatusFacts> {
  const { context } = host;
  const head = await context.objects.head(address);
  const isThere = head.kind === 'found';
  const object = isThere ? head.head.object : await lastKnown(host, address, head.kind);
  const checkpointId = checkpointIdOf(object);
  const row = (await readRow(context, checkpointId))?.row ?? null;
  const run = { checkpointId, attempt: row?.attempt ?? 1 };
  const progress = row === null ? null : await readProgress(context, run);
  return { checkpointId, object, isThere, row, progress };
}

async function lastKnown(
  host: Host,
  address: ObjectAddress,
  kind: 'absent' | 'unreadable' | 'found',
): Promise<ObjectVersion> {
  const [latest] = await findBySeries(host.context, address);
  if (latest !== undefined) return latest.object;
  const what = kind === 'unreadable' ? 'cannot be read' : 'does not exist';
  throw new CliError(`${formatS3Uri(address)} ${what}, and there is no checkpoint of it`, {
    advice: 'For everything below a prefix end the URI with a slash.',
  });
}
