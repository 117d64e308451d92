import { z } from 'zod';
import { listTokens } from '../../shared/app/cache/tokens.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import { parseOptions, pathSchema } from '../parse-options.ts';
import type { Command, Session } from '../session.ts';
import { cleanUp } from './gc.ts';
import { folderOptionSchema, PORT_DEFAULT, portSchema, sizeSchema } from './options.ts';
import { type Listening, type ListenOptions, listen } from './server.ts';
import { type OpenedCache, withCache } from './with-cache.ts';

export const serveOptionsSchema = folderOptionSchema.extend({
  host: z.string().min(1).default('127.0.0.1'),
  port: portSchema.default(PORT_DEFAULT),
  tlsCert: pathSchema.optional(),
  tlsKey: pathSchema.optional(),
  allowPlainHttp: z.boolean().default(false),
  maxEntry: sizeSchema.optional(),
});

const CLEAN_UP_MS = 3_600_000;

/** `mithril cache serve`: until Ctrl-C. */
export const serve: Command = (session, _args, given) => {
  const options = parseOptions(serveOptionsSchema, given);
  const tls = tlsOf(options);
  return withCache(
    session,
    given,
    (cache) => serveCache(session, cache, { ...options, tls, command: 'cache serve' }),
    {
      maxEntry: options.maxEntry,
    },
  );
};

/** Until Ctrl-C; cleans up meanwhile. */
export async function serveCache(
  session: Session,
  cache: OpenedCache,
  options: ListenOptions & { readonly command: string },
): Promise<number> {
  const listening = await listen(cache.context, options);
  const clean = (): void =>
    cache.context.background(async () => {
      await cleanUp(cache);
    });
  clean();
  const timer = setInterval(clean, CLEAN_UP_MS);
  try {
    await announce(session, cache, listening, options.command);
    await untilInterrupted(session);
    return EXIT.ok;
  } finally {
    clearInterval(timer);
    await listening.close();
  }
}

export function tlsOf({ tlsCert, tlsKey }: z.output<typeof serveOptionsSchema>) {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert !== undefined && tlsKey !== undefined) return { cert: tlsCert, key: tlsKey };
  throw new CliError('--tls-cert and --tls-key belong together', { exitCode: EXIT.usage });
}

async function announce(
  { terminal }: Session,
  { context, folder }: OpenedCache,
  { url }: Listening,
  command: string,
): Promise<void> {
  terminal.result(`mithril-cache: Serving ${folder} on ${url}`, {
    command,
    url,
    folder,
  });
  if ((await listTokens(context.table)).length > 0) return;
  terminal.note(
    `There is no token yet: mithril cache token create --dir ${folder} --namespace team --write`,
  );
}

function untilInterrupted({ interruption: { signal } }: Session): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => signal.addEventListener('abort', () => done(), { once: true }));
}
