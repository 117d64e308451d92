import { join } from 'node:path';
import { z } from 'zod';
import { systemClock } from '../../shared/adapters/clock/system-clock.ts';
import { createJsonLog } from '../../shared/adapters/log/json-log.ts';
import { listTokens } from '../../shared/app/cache/tokens.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import { parseOptions, pathSchema } from '../parse-options.ts';
import type { Command, Session } from '../session.ts';
import { readSettings } from '../settings/read-settings.ts';
import { openAuditLog } from './audit-log.ts';
import { type LocalCache, openLocalCache } from './open-cache.ts';
import {
  cacheFolder,
  folderOptionSchema,
  PORT_DEFAULT,
  portSchema,
  sizeSchema,
} from './options.ts';
import { cacheSettings } from './policies.ts';
import { type Listening, listen } from './server.ts';

const optionsSchema = folderOptionSchema.extend({
  host: z.string().min(1).default('127.0.0.1'),
  port: portSchema.default(PORT_DEFAULT),
  tlsCert: pathSchema.optional(),
  tlsKey: pathSchema.optional(),
  allowPlainHttp: z.boolean().default(false),
  maxEntry: sizeSchema.optional(),
});

/** `mithril cache serve`: until Ctrl-C. */
export const serve: Command = async (session, _args, given) => {
  const options = parseOptions(optionsSchema, given);
  const settings = readSettings(session, given);
  const folder = cacheFolder(session, settings, options.dir);
  const cache = openLocalCache(folder, {
    settings: cacheSettings(settings, options.maxEntry),
    log: createJsonLog({
      namespace: 'Mithril',
      service: 'cache',
      nowMs: () => systemClock.nowMs(),
      writeLine: (line) => session.terminal.detail(line),
    }),
    audit: openAuditLog(join(folder, 'audit'), systemClock),
  });
  try {
    await cache.blobs.sweep(systemClock.nowMs());
    const listening = await listen(cache.context, { ...options, tls: tlsOf(options) });
    await announce(session, cache, listening, folder);
    await untilInterrupted(session);
    await listening.close();
    return EXIT.ok;
  } finally {
    await cache.close();
  }
};

function tlsOf({ tlsCert, tlsKey }: z.output<typeof optionsSchema>) {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert !== undefined && tlsKey !== undefined) return { cert: tlsCert, key: tlsKey };
  throw new CliError('--tls-cert and --tls-key belong together', { exitCode: EXIT.usage });
}

async function announce(
  { terminal }: Session,
  { context }: LocalCache,
  { url }: Listening,
  folder: string,
): Promise<void> {
  terminal.result(`mithril-cache: Serving ${folder} on ${url}`, {
    command: 'cache serve',
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
