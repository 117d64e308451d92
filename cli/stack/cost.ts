import { readRow } from '../../shared/app/checkpoint/catalogue.ts';
import { type KnownWork, readCheckpointWork } from '../../shared/app/checkpoint/checkpoint-work.ts';
import { mapConcurrently } from '../../shared/app/checkpoint/map-concurrently.ts';
import { readDedupPlan } from '../../shared/app/dedup/job-documents.ts';
import { type JobWork, readJobWork } from '../../shared/app/dedup/job-work.ts';
import { findClaim } from '../../shared/app/dedup/plan-job.ts';
import type { ObjectVersion } from '../../shared/contracts/checkpoint-object.ts';
import { SWEEP_CONCURRENCY } from '../../shared/contracts/limits.ts';
import { checkpointIdOf } from '../../shared/domain/checkpoint/identity.ts';
import { type Cost, costOfCheckpoint } from '../../shared/domain/cost/checkpoint-cost.ts';
import { PRICES, storageUsdPerMonth } from '../../shared/domain/cost/prices.ts';
import { listVersions } from '../ckpt/list-versions.ts';
import { formatS3Uri, type ObjectAddress, parseS3Uri } from '../ckpt/s3-uri.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import type { Host } from '../hosts/host.ts';
import { withHost } from '../hosts/open-host.ts';
import { onlyArgument } from '../parse-options.ts';
import type { Command, Session } from '../session.ts';
import { type CheckpointCost, describeCosts, describeJob, totalOf } from './cost-text.ts';

/** `mithril stack cost s3://BUCKET/PREFIX/` */
export const stackCost: Command = async (session, args, given) => {
  const address = parseS3Uri(onlyArgument(args));
  return withHost(session, given, async (host) => {
    const job = address.key.endsWith('/') ? await findJob(host, address) : null;
    return job === null ? showCheckpoints(session, host, address) : showJob(session, address, job);
  });
};

async function showCheckpoints(
  session: Session,
  host: Host,
  address: ObjectAddress,
): Promise<number> {
  const costs: CheckpointCost[] = [];
  for await (const versions of listVersions(host.context.objects, address)) {
    const found = await mapConcurrently(versions, SWEEP_CONCURRENCY, ({ object }) =>
      costOf(host, object),
    );
    costs.push(...found.filter((cost) => cost !== null));
  }
  if (costs.length === 0) {
    throw new CliError(`there is no verified checkpoint under ${formatS3Uri(address)}`, {
      advice: `See what became of the uploads: mithril ckpt status ${formatS3Uri(address)}`,
    });
  }
  costs.sort((a, b) => b.usd - a.usd);
  session.terminal.result(describeCosts(costs), {
    command: 'stack cost',
    isEstimate: true,
    checkpoints: costs,
    total: totalOf(costs),
    prices: PRICES,
  });
  return EXIT.ok;
}

async function costOf({ context }: Host, object: ObjectVersion): Promise<CheckpointCost | null> {
  const checkpointId = checkpointIdOf(object);
  const row = (await readRow(context, checkpointId))?.row ?? null;
  if (row === null || row.verified === null) return null;
  const work: KnownWork | null = await readCheckpointWork(context, checkpointId, row);
  if (work === null) return null;
  const cost: Cost = costOfCheckpoint(work);
  const { bytesOut } = row.verified;
  return {
    uri: formatS3Uri(object),
    versionId: object.versionId,
    bytes: object.bytes,
    bytesOut,
    isRetired: row.state === 'RETIRED',
    ...work,
    ...cost,
    savesUsdPerMonth: storageUsdPerMonth(object.bytes - bytesOut),
  };
}

interface FoundJob extends JobWork {
  readonly jobId: string;
}

/** The dedup job whose output this is; null: it is none. */
async function findJob(
  { context }: Host,
  { bucket, key }: ObjectAddress,
): Promise<FoundJob | null> {
  const claim = await findClaim(context, { bucket, prefix: key });
  if (claim === null) return null;
  const { storeBucket } = context.settings;
  const jobs = { objects: context.objects, settings: { storeBucket, limits: {} } };
  const plan = await readDedupPlan(jobs, claim.jobId);
  return { jobId: claim.jobId, ...(await readJobWork(jobs, plan)) };
}

function showJob(session: Session, address: ObjectAddress, job: FoundJob): number {
  session.terminal.result(describeJob(formatS3Uri(address), job), {
    command: 'stack cost',
    isEstimate: true,
    job,
    prices: PRICES,
  });
  return EXIT.ok;
}
