import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { explainMiss, readFactorsOf } from '../../shared/app/cache/explain.ts';
import { readStats } from '../../shared/app/cache/stats.ts';
import { listPlaces } from '../../shared/app/cache/tokens.ts';
import {
  factorsSchema,
  type Nearest,
  type StatsResponse,
} from '../../shared/contracts/cache-api.ts';
import { STATS_DAYS_MAX } from '../../shared/contracts/cache-limits.ts';
import { namespaceSchema, TRUSTED_SCOPE } from '../../shared/contracts/cache-names.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import { parseOptions, pathSchema } from '../parse-options.ts';
import type { Command } from '../session.ts';
import { formatBytes, formatCount } from '../text/quantity.ts';
import { withCache } from './with-cache.ts';

const statsSchema = z.object({
  namespace: namespaceSchema.optional(),
  days: z
    .string()
    .regex(/^\d{1,2}$/u, 'expected a number of days')
    .transform(Number)
    .refine((days) => days >= 1 && days <= STATS_DAYS_MAX, `1 to ${STATS_DAYS_MAX}`)
    .default(30),
});

/** `mithril cache stats`: of one namespace, or of all. */
export const stats: Command = (session, _args, given) => {
  const options = parseOptions(statsSchema, given);
  return withCache(session, given, async ({ context }) => {
    const known = (await listPlaces(context.table)).map(({ namespace }) => namespace);
    const chosen = options.namespace === undefined ? new Set(known) : [options.namespace];
    const nowMs = context.clock.nowMs();
    const namespaces = await Promise.all(
      [...chosen].map(async (namespace) => ({
        namespace,
        ...(await readStats(context.table, namespace, options.days, nowMs)),
      })),
    );
    const lines = namespaces.map(statsText);
    const text = lines.length === 0 ? 'There is no namespace yet.' : lines.join('\n');
    session.terminal.result(text, { command: 'cache stats', namespaces });
    return EXIT.ok;
  });
};

function statsText(it: StatsResponse & { readonly namespace: string }): string {
  const asked = `${formatCount(it.hits)} hits of ${formatCount(it.hits + it.misses)}`;
  const saved = `${formatCount(Math.round(it.secondsSaved))} s of compilation saved`;
  return `mithril-cache: ${it.namespace}, ${it.days} days: ${asked} (${(100 * it.hitRate).toFixed(1)}%), ${saved}
  ${formatCount(it.inert)} hits saved nothing, ${formatCount(it.errors)} errors
  ccache, Bazel and others found ${formatCount(it.programHits)} of ${formatCount(it.programHits + it.programMisses)} entries they asked for
  served ${formatBytes(it.bytesServed)}; stored ${formatCount(it.puts)} entries, ${formatBytes(it.bytesStored)}
  ${formatCount(it.conflicts)} conflicts (the same key, another body), ${formatCount(it.quarantined)} quarantined`;
}

const explainSchema = z.object({
  namespace: namespaceSchema,
  factors: pathSchema.optional(),
});

/** `mithril cache explain KEY` or `--factors FILE`: the nearest other entry, and what differs. */
export const explain: Command = (session, args, given) => {
  const { namespace, factors: file } = parseOptions(explainSchema, given);
  const [key] = args;
  return withCache(session, given, async ({ context }) => {
    const access = {
      namespace,
      scope: TRUSTED_SCOPE,
      right: 'read',
      tokenId: '',
      expiresMs: 0,
    } as const;
    const factors =
      file === undefined
        ? await readFactorsOf(context, access, key ?? '')
        : await readFactorsFile(file);
    if (factors === null) {
      throw new CliError(`no entry of ${namespace} with factors has this key: ${key ?? ''}`, {
        advice:
          'For a key that missed, ask where it missed: python -m mithril.cache explain last. ' +
          'Or give what it was made of: --factors FILE.',
      });
    }
    const nearest = await explainMiss(context, access, factors, key);
    session.terminal.result(nearestText(nearest), { command: 'cache explain', factors, nearest });
    return EXIT.ok;
  });
};

async function readFactorsFile(path: string): Promise<Record<string, string>> {
  try {
    return factorsSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    const message = `expected a JSON object of strings: ${path}`;
    throw new CliError(message, { exitCode: EXIT.usage, cause });
  }
}

function nearestText(nearest: Nearest | null): string {
  if (nearest === null) return 'There is no other entry with factors.';
  const head = `The nearest entry is ${nearest.key} of ${nearest.created}: ${nearest.same} factors are the same`;
  if (nearest.differing.length === 0) return `${head}, none differs.`;
  const lines = nearest.differing.map(
    ({ name, yours, theirs }) =>
      `  ${name}: ${yours ?? '(none)'} here, ${theirs ?? '(none)'} there`,
  );
  return `${head}, and these differ:\n${lines.join('\n')}`;
}
