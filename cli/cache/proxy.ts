import { z } from 'zod';
import { createHttpUpstream } from '../../shared/adapters/http/http-upstream.ts';
import type { CacheContext } from '../../shared/app/cache/context.ts';
import { deliverAgain } from '../../shared/app/cache/deliver.ts';
import { adoptToken, listTokens, revokeToken } from '../../shared/app/cache/tokens.ts';
import type { CacheUpstream } from '../../shared/ports/cache-upstream.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import { parseOptions } from '../parse-options.ts';
import type { Command, Session } from '../session.ts';
import { readSettings } from '../settings/read-settings.ts';
import { serveCache, serveOptionsSchema, tlsOf } from './serve.ts';
import { type OpenedCache, withCache } from './with-cache.ts';

const optionsSchema = serveOptionsSchema.extend({
  upstream: z.url({ protocol: /^https?$/u }).optional(),
  wait: z
    .string()
    .regex(/^\d{1,3}(?:\.\d{1,3})?$/u, 'expected seconds')
    .transform(Number)
    .default(2),
});

/** How often the endpoint is asked whether the token still holds. */
const CHECK_MS = 300_000;
/** How often what it did not take is looked at. */
const DELIVER_MS = 15_000;
const TOKEN = /^mith_([0-9a-f]{16})_[0-9a-f]{64}$/u;

/** `mithril cache proxy`: a server of this machine in front of an endpoint. */
export const proxy: Command = (session, _args, given) => {
  const options = parseOptions(optionsSchema, given);
  const tls = tlsOf(options);
  const url = options.upstream ?? readSettings(session, given).cache.url;
  if (url === null) throw usage('which endpoint?', 'Give --upstream URL, or [cache] url.');
  const token = tokenOf(session);
  const { maxEntry } = options;
  const work = async (cache: OpenedCache): Promise<number> => {
    const { settings, log } = cache.context;
    const upstream = createHttpUpstream({
      url: url.replace(/\/+$/u, ''),
      token,
      waitMs: options.wait * 1_000,
      bodyIdleMs: settings.bodyIdleMs,
      entryBytesMax: settings.entryBytesMax,
      onFailure: (message) => log.write('cache-upstream', { message }),
    });
    await checkToken(session, cache.context, upstream, token);
    const check = (): void =>
      cache.context.background(() => checkToken(session, cache.context, upstream, token));
    const context: CacheContext = { ...cache.context, upstream };
    const { signal } = session.interruption;
    const again = (what: 'due' | 'all') => deliverNoted(context, upstream, token, { what, signal });
    context.background(() => again('all'));
    const timers = [setInterval(check, CHECK_MS), repeat(context, () => again('due'))];
    const command = 'cache proxy';
    return serveCache(session, { ...cache, context }, { ...options, tls, command }).finally(() =>
      timers.forEach(clearInterval),
    );
  };
  return withCache(session, given, work, { maxEntry, folderName: 'cache-proxy' });
};

/** One round at a time. */
function repeat(context: CacheContext, round: () => Promise<void>): NodeJS.Timeout {
  let isRunning = false;
  return setInterval(() => {
    if (isRunning) return;
    isRunning = true;
    context.background(() => round().finally(() => (isRunning = false)));
  }, DELIVER_MS);
}

/** What the endpoint did not take; of the token's own place, whatever token was used here before. */
async function deliverNoted(
  context: CacheContext,
  upstream: CacheUpstream,
  token: string,
  how: Parameters<typeof deliverAgain>[3],
): Promise<void> {
  const id = TOKEN.exec(token)?.[1] ?? '';
  const place = (await listTokens(context.table)).find((known) => known.id === id);
  if (place?.right === 'write') await deliverAgain(context, upstream, place, how);
}

const usage = (message: string, advice: string): CliError =>
  new CliError(message, { exitCode: EXIT.usage, advice });

/** Not an option: those are seen by everybody on the machine. */
function tokenOf({ env }: Session): string {
  const token = env['MITHRIL_CACHE_TOKEN'] ?? '';
  if (TOKEN.test(token)) return token;
  throw usage('no token of the endpoint', 'Set MITHRIL_CACHE_TOKEN to one: mith_..._...');
}

/** Clients of the proxy use the same token; it is known here from when the endpoint last knew it. */
async function checkToken(
  { terminal }: Session,
  { table, clock }: CacheContext,
  upstream: CacheUpstream,
  token: string,
): Promise<void> {
  const id = TOKEN.exec(token)?.[1] ?? '';
  const identity = await upstream.whoami();
  const nowMs = clock.nowMs();
  if (identity.kind === 'known') return adoptToken(table, token, identity.access, nowMs);
  if (identity.kind === 'refused') {
    await revokeToken(table, id, nowMs);
    throw new CliError('the endpoint refuses the token', {
      advice: 'Ask for a new one: mithril cache token create',
    });
  }
  const isKnown = (await listTokens(table)).some((known) => known.id === id);
  if (isKnown) return terminal.note('The endpoint does not answer; serving what is here.');
  throw new CliError('the endpoint does not answer', {
    advice: 'At its first start a proxy asks it what the token allows. Try again later.',
  });
}
