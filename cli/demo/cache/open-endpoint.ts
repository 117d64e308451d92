import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { systemClock } from '../../../shared/adapters/clock/system-clock.ts';
import { createDynamoDbClient } from '../../../shared/adapters/dynamodb/create-dynamodb-client.ts';
import { createDynamoDbEntryTable } from '../../../shared/adapters/dynamodb/dynamodb-entry-table.ts';
import { createToken } from '../../../shared/app/cache/tokens.ts';
import { TOKEN_RATE_DEFAULT } from '../../../shared/contracts/cache-limits.ts';
import { TRUSTED_SCOPE } from '../../../shared/contracts/cache-names.ts';
import type { RemovableEntryTable } from '../../../shared/ports/entry-table.ts';
import { listen } from '../../cache/server.ts';
import { withCache } from '../../cache/with-cache.ts';
import { CliError } from '../../cli-error.ts';
import { awsClientOptions } from '../../hosts/aws-options.ts';
import type { Session } from '../../session.ts';
import type { DemoHost } from '../demo-host.ts';

const TOKEN_TTL_MS = 3_600_000;

export interface Endpoint {
  readonly url: string;
  /** What it is, for a person. */
  readonly title: string;
  /** Of its own each time: a stack that was kept has the entries of earlier runs. */
  readonly namespace: string;
  readonly makeToken: (right: 'read' | 'write') => Promise<string>;
}

/** The deployed function behind its URL; without a stack `mithril cache serve` on a free port. */
export async function withEndpoint<Result>(
  session: Session,
  demo: DemoHost,
  work: string,
  use: (endpoint: Endpoint) => Promise<Result>,
): Promise<Result> {
  const { settings } = demo.host;
  if (demo.kind === 'one-machine') return withOwnServer(session, join(work, 'cache'), use);
  const { url, table } = settings.cache;
  if (url === null || table === null) {
    throw new CliError('the local stack has no compile cache', {
      advice: 'It was started by an older version: mithril local down, then again.',
    });
  }
  const client = createDynamoDbClient(awsClientOptions(settings, process.env));
  try {
    const rows = createDynamoDbEntryTable(client, { tableName: table });
    return await use({ url, title: 'the function behind its URL', ...inNewNamespace(rows) });
  } finally {
    client.destroy();
  }
}

function withOwnServer<Result>(
  session: Session,
  dir: string,
  use: (endpoint: Endpoint) => Promise<Result>,
): Promise<Result> {
  return withCache(session, { dir }, async ({ context }) => {
    const where = { host: '127.0.0.1', port: 0, tls: null, allowPlainHttp: false };
    const server = await listen(context, where);
    try {
      const { url } = server;
      return await use({ url, title: 'mithril cache serve', ...inNewNamespace(context.table) });
    } finally {
      await server.close();
    }
  });
}

function inNewNamespace(table: RemovableEntryTable): Pick<Endpoint, 'namespace' | 'makeToken'> {
  const namespace = `demo-${systemClock.nowMs().toString(36)}`;
  const about = { namespace, scope: TRUSTED_SCOPE, rate: TOKEN_RATE_DEFAULT, note: 'demo' };
  return {
    namespace,
    makeToken: async (right) => {
      const times = { ttlMs: TOKEN_TTL_MS, nowMs: systemClock.nowMs() };
      return (await createToken(table, { ...about, ...times, right, randomBytes })).token;
    },
  };
}
