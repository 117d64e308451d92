import { TOKEN_RATE_DEFAULT } from '../../contracts/cache-limits.ts';
import { type Access, scopeSchema } from '../../contracts/cache-names.ts';
import {
  PLACES_PARTITION,
  type Place,
  TOKENS_PARTITION,
  type TokenRow,
  tokenRowSchema,
} from '../../contracts/cache-rows.ts';
import {
  digestOfSecret,
  formatToken,
  judgeToken,
  readAuthorization,
  TOKEN_ID_BYTES,
  TOKEN_SECRET_BYTES,
} from '../../domain/cache/token.ts';
import type { RemovableEntryTable } from '../../ports/entry-table.ts';
import { listRows, readRow, readRowOrNull } from './rows.ts';

export interface ListedToken extends Omit<TokenRow, 'secretSha256'> {
  readonly id: string;
}

export interface NewToken
  extends Pick<TokenRow, 'namespace' | 'scope' | 'right' | 'rate' | 'note'> {
  readonly ttlMs: number;
  readonly nowMs: number;
  readonly randomBytes: (count: number) => Buffer;
}

const tokenKey = (id: string) => ({ pk: TOKENS_PARTITION, sk: id });

/** The token itself is given here and never again: only a digest of its secret is kept. */
export async function createToken(
  table: RemovableEntryTable,
  { ttlMs, nowMs, randomBytes, ...row }: NewToken,
): Promise<{ readonly token: string; readonly id: string; readonly expiresMs: number }> {
  const id = randomBytes(TOKEN_ID_BYTES).toString('hex');
  const secret = randomBytes(TOKEN_SECRET_BYTES).toString('hex');
  const expiresMs = nowMs + ttlMs;
  const body: TokenRow = {
    ...row,
    secretSha256: tokenRowSchema.shape.secretSha256.parse(digestOfSecret(secret)),
    createdMs: nowMs,
    expiresMs,
    revokedMs: null,
  };
  await notePlace(table, row);
  const written = await table.write({ key: tokenKey(id), body, expect: 'absent' });
  if (written.kind === 'conflict') throw new Error('the random source repeats itself');
  return { token: formatToken({ id, secret }), id, expiresMs };
}

export async function listTokens(table: RemovableEntryTable): Promise<readonly ListedToken[]> {
  const tokens: ListedToken[] = [];
  for await (const { key, row } of listRows(table, TOKENS_PARTITION, tokenRowSchema)) {
    const { secretSha256: _, ...shown } = row;
    tokens.push({ id: key.sk, ...shown });
  }
  return tokens.toSorted((a, b) => a.createdMs - b.createdMs);
}

/** False where there is no such token. It holds for the next request on. */
export async function revokeToken(
  table: RemovableEntryTable,
  id: string,
  nowMs: number,
): Promise<boolean> {
  for (;;) {
    const read = await readRow(table, tokenKey(id), tokenRowSchema);
    if (read.kind !== 'found') return false;
    if (read.row.revokedMs !== null) return true;
    const body = { ...read.row, revokedMs: nowMs };
    const written = await table.write({ key: tokenKey(id), body, expect: read.version });
    if (written.kind === 'written') return true;
  }
}

/** Lets in whom the endpoint of a proxy lets in, also while it cannot be asked. */
export async function adoptToken(
  table: RemovableEntryTable,
  token: string,
  access: Access,
  nowMs: number,
): Promise<void> {
  const parsed = readAuthorization(`Bearer ${token}`);
  if (parsed === null) throw new Error('it is not a token of ours');
  const { namespace, scope, right, expiresMs } = access;
  const key = tokenKey(parsed.id);
  const read = await readRow(table, key, tokenRowSchema);
  const body: TokenRow = {
    namespace,
    scope,
    right,
    secretSha256: tokenRowSchema.shape.secretSha256.parse(digestOfSecret(parsed.secret)),
    createdMs: nowMs,
    expiresMs,
    revokedMs: null,
    rate: TOKEN_RATE_DEFAULT,
    note: 'of the endpoint',
  };
  await notePlace(table, body);
  await table.write({ key, body, expect: read.kind === 'absent' ? 'absent' : read.version });
}

/** Whom an Authorization header names; null for every reason why it is nobody. */
export async function authenticate(
  table: RemovableEntryTable,
  header: string | null,
  nowMs: number,
): Promise<{ readonly access: Access; readonly rate: number } | null> {
  const token = readAuthorization(header);
  if (token === null) return null;
  const row = await readRowOrNull(table, tokenKey(token.id), tokenRowSchema);
  const access = judgeToken(token, row, nowMs);
  return access === null || row === null ? null : { access, rate: row.rate };
}

/** Every namespace and scope that a token was ever made for. */
export async function listPlaces(table: RemovableEntryTable): Promise<readonly Place[]> {
  const places: Place[] = [];
  for await (const { row } of listRows(table, PLACES_PARTITION, placeSchema)) places.push(row);
  return places;
}

const placeSchema = tokenRowSchema.pick({ namespace: true, scope: true });

async function notePlace(table: RemovableEntryTable, row: Place): Promise<void> {
  const { namespace, scope } = row;
  for (const each of new Set([scope, scopeSchema.parse('main')])) {
    const key = { pk: PLACES_PARTITION, sk: `${namespace}#${each}` };
    await table.write({ key, body: { namespace, scope: each }, expect: 'absent' });
  }
}
