import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { readAwsOptions } from '../../shared/adapters/aws/client-options.ts';
import { systemClock } from '../../shared/adapters/clock/system-clock.ts';
import { createDynamoDbClient } from '../../shared/adapters/dynamodb/create-dynamodb-client.ts';
import { createDynamoDbEntryTable } from '../../shared/adapters/dynamodb/dynamodb-entry-table.ts';
import {
  createToken,
  type ListedToken,
  listTokens,
  revokeToken,
} from '../../shared/app/cache/tokens.ts';
import { TOKEN_RATE_DEFAULT, TOKEN_TTL_SECONDS_MAX } from '../../shared/contracts/cache-limits.ts';
import { namespaceSchema, scopeSchema, TRUSTED_SCOPE } from '../../shared/contracts/cache-names.ts';
import type { RemovableEntryTable } from '../../shared/ports/entry-table.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import { onlyArgument, parseOptions } from '../parse-options.ts';
import type { Command, Session } from '../session.ts';
import { durationSchema } from './options.ts';
import { withCache } from './with-cache.ts';

const tableSchema = z.object({ table: z.string().min(3).max(255).optional() });
const createSchema = z.object({
  namespace: namespaceSchema,
  scope: scopeSchema.default(TRUSTED_SCOPE),
  read: z.boolean().default(false),
  write: z.boolean().default(false),
  ttl: durationSchema
    .refine((seconds) => seconds <= TOKEN_TTL_SECONDS_MAX, 'at most 366d')
    .default(90 * 86_400),
  rate: z
    .string()
    .regex(/^[1-9]\d{0,5}$/u, 'expected requests a second')
    .transform(Number)
    .default(TOKEN_RATE_DEFAULT),
  note: z.string().max(200).default(''),
});

/** `mithril cache token create`: the token is printed here, and kept by nobody. */
export const createTokenCommand: Command = async (session, _args, given) => {
  const options = parseOptions(createSchema, given);
  if (options.read === options.write) {
    throw new CliError('give --read or --write (which reads as well)', { exitCode: EXIT.usage });
  }
  const { namespace, scope, rate, note, ttl } = options;
  const right = options.write ? 'write' : 'read';
  const created = await withTable(session, given, (table) =>
    createToken(table, {
      namespace,
      scope,
      right,
      rate,
      note,
      randomBytes,
      ttlMs: ttl * 1_000,
      nowMs: systemClock.nowMs(),
    }),
  );
  const expires = new Date(created.expiresMs).toISOString();
  const { terminal } = session;
  terminal.result(created.token, {
    command: 'cache token create',
    token: created.token,
    id: created.id,
    namespace,
    scope,
    right,
    expires,
  });
  terminal.note(
    `${right} token ${created.id} of ${namespace}/${scope}, until ${expires}. It is shown only now.`,
  );
  return EXIT.ok;
};

export const listTokensCommand: Command = async (session, _args, given) => {
  const tokens = await withTable(session, given, listTokens);
  const nowMs = systemClock.nowMs();
  const shown = tokens.map((token) => ({ ...token, state: stateOf(token, nowMs) }));
  const lines = shown.map(({ id, namespace, scope, right, state, expiresMs, note }) =>
    `${id}  ${namespace}/${scope}  ${right}  ${state}  until ${dayOf(expiresMs)}  ${note}`.trimEnd(),
  );
  const text = lines.length === 0 ? 'There is no token.' : lines.join('\n');
  session.terminal.result(text, { command: 'cache token list', tokens: shown });
  return EXIT.ok;
};

export const revokeTokenCommand: Command = async (session, args, given) => {
  const id = onlyArgument(args);
  const isRevoked = await withTable(session, given, (table) =>
    revokeToken(table, id, systemClock.nowMs()),
  );
  if (!isRevoked) {
    throw new CliError(`there is no token ${id}`, { advice: 'See: mithril cache token list' });
  }
  session.terminal.result(`Revoked ${id}.`, { command: 'cache token revoke', id });
  return EXIT.ok;
};

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

function stateOf({ revokedMs, expiresMs }: ListedToken, nowMs: number) {
  if (revokedMs !== null) return 'revoked';
  return expiresMs <= nowMs ? 'expired' : 'valid';
}

const withTable = <T>(
  session: Session,
  given: unknown,
  work: (table: RemovableEntryTable) => Promise<T>,
): Promise<T> => {
  const { table } = parseOptions(tableSchema.loose(), given);
  if (table === undefined) return withCache(session, given, ({ context }) => work(context.table));
  const client = createDynamoDbClient(readAwsOptions(session.env));
  return work(createDynamoDbEntryTable(client, { tableName: table }));
};
