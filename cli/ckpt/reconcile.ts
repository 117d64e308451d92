import { z } from 'zod';
import { readRow } from '../../shared/app/checkpoint/catalogue.ts';
import { mapConcurrently } from '../../shared/app/checkpoint/map-concurrently.ts';
import { reconcileCheckpoints } from '../../shared/app/checkpoint/reconcile-checkpoints.ts';
import type { ReconcileOutput } from '../../shared/contracts/checkpoint-commands.ts';
import { SWEEP_CONCURRENCY } from '../../shared/contracts/limits.ts';
import { checkpointIdOf, executionName } from '../../shared/domain/checkpoint/identity.ts';
import type { ListedVersion } from '../../shared/ports/object-store.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import type { Host } from '../hosts/host.ts';
import { withHost } from '../hosts/open-host.ts';
import { parseOptions } from '../parse-options.ts';
import type { Command, Session } from '../session.ts';
import { formatCount } from '../text/quantity.ts';
import { listVersions } from './list-versions.ts';
import { formatS3Uri } from './s3-uri.ts';

const optionsSchema = z.object({
  dryRun: z.boolean().default(false),
  retryFailed: z.boolean().default(false),
});

/** `mithril ckpt reconcile [--dry-run | --retry-failed]` */
export const reconcile: Command = async (session, _args, given) => {
  const { dryRun, retryFailed } = parseOptions(optionsSchema, given);
  return withHost(session, given, (host) => {
    if (host.context.settings.sourcePrefixes.length === 0) {
      throw new CliError('no prefix is opted in, so nothing is compressed', {
        advice: 'Name prefixes in mithril.config.json (source.prefixes) and deploy again.',
      });
    }
    return dryRun ? listMissed(session, host) : startMissed(session, host, retryFailed);
  });
};

type Counts = Omit<Extract<ReconcileOutput, { kind: 'swept' }>, 'kind' | 'isComplete'>;

async function startMissed(session: Session, host: Host, retryFailed: boolean): Promise<number> {
  const total = new Map<string, number>();
  for (let from: 'start' | 'saved' = 'start'; ; from = 'saved') {
    const output = await reconcileCheckpoints(host.context, { from, retryFailed });
    if (output.kind === 'disabled') throw new CliError('compression is switched off');
    const { kind: _kind, isComplete, ...counts } = output;
    for (const [name, count] of Object.entries(counts)) {
      total.set(name, (total.get(name) ?? 0) + count);
    }
    session.terminal.detail(`looked at ${total.get('listed') ?? 0} versions`);
    if (isComplete) break;
  }
  const counts = Object.fromEntries(total);
  session.terminal.result(describeCounts(counts), { command: 'reconcile', ...counts });
  return EXIT.ok;
}

function describeCounts(counts: Partial<Counts>): string {
  const started = (counts.started ?? 0) + (counts.restarted ?? 0);
  const shown = (['verified', 'running', 'ended', 'skipped'] as const)
    .map((name) => `${formatCount(counts[name] ?? 0)} ${name}`)
    .join(', ');
  return `Looked at ${formatCount(counts.listed ?? 0)} versions: started ${formatCount(started)}, ${shown}.`;
}

/** What a run would start; only reads. */
async function listMissed(session: Session, host: Host): Promise<number> {
  const missed: { readonly uri: string; readonly versionId: string | null; why: string }[] = [];
  const { sourceBucket: bucket, sourcePrefixes } = host.context.settings;
  for (const key of sourcePrefixes) {
    for await (const versions of listVersions(host.context.objects, { bucket, key })) {
      await mapConcurrently(versions, SWEEP_CONCURRENCY, async (listed) => {
        const why = await whyMissed(host, listed);
        const { versionId } = listed.object;
        if (why !== null) missed.push({ uri: formatS3Uri(listed.object), versionId, why });
      });
    }
  }
  missed.sort((a, b) => (a.uri < b.uri ? -1 : 1));
  const lines = missed.map((it) => `${it.uri}: ${it.why}`);
  const text = [...lines, `Would start ${missed.length}; nothing was started.`].join('\n');
  session.terminal.result(text, { command: 'reconcile', dryRun: true, missed });
  return EXIT.ok;
}

async function whyMissed(host: Host, { object, isCurrent }: ListedVersion): Promise<string | null> {
  const checkpointId = checkpointIdOf(object);
  const found = await readRow(host.context, checkpointId);
  if (found === null) return isCurrent ? 'never started' : null;
  const { state, attempt } = found.row;
  if (state !== 'STARTED') return null;
  const status = await host.context.workflow.status(executionName({ checkpointId, attempt }));
  if (status.kind === 'running') return null;
  return status.kind === 'succeeded' ? null : `attempt ${attempt} is ${status.kind}`;
}
