import { createHash, timingSafeEqual } from 'node:crypto';
import type { Access } from '../../contracts/cache-names.ts';
import type { TokenRow } from '../../contracts/cache-rows.ts';

/** 64 bits name a token, 256 bits prove it. */
export const TOKEN_ID_BYTES = 8;
export const TOKEN_SECRET_BYTES = 32;

const TOKEN = /^mith_([0-9a-f]{16})_([0-9a-f]{64})$/u;
/** What a token looks like inside a URL. */
const TOKEN_MARK = /mith_[0-9a-f]{4}|[?&](?:access_)?token=/iu;

export interface BearerToken {
  readonly id: string;
  readonly secret: string;
}

export const formatToken = ({ id, secret }: BearerToken): string => `mith_${id}_${secret}`;

export const digestOfSecret = (secret: string): string =>
  createHash('sha256').update(secret).digest('hex');

/** Bearer, or Basic with the token as password. Null for anything else. */
export function readAuthorization(header: string | null): BearerToken | null {
  const [scheme = '', value = ''] = (header ?? '').split(' ', 2);
  if (scheme.toLowerCase() === 'bearer') return parseToken(value);
  if (scheme.toLowerCase() !== 'basic') return null;
  const text = Buffer.from(value, 'base64').toString('utf8');
  return parseToken(text.slice(text.indexOf(':') + 1));
}

function parseToken(text: string): BearerToken | null {
  const [, id, secret] = TOKEN.exec(text) ?? [];
  return id === undefined || secret === undefined ? null : { id, secret };
}

/** URLs end up in logs and histories. */
export const hasTokenInUrl = (url: string): boolean => TOKEN_MARK.test(url);

/** Compared with something of the same length where there is no such token: the same work. */
const NO_SECRET = '0'.repeat(64);

export function judgeToken(token: BearerToken, row: TokenRow | null, nowMs: number): Access | null {
  const given = Buffer.from(digestOfSecret(token.secret), 'hex');
  const isRight = timingSafeEqual(given, Buffer.from(row?.secretSha256 ?? NO_SECRET, 'hex'));
  if (row === null || !isRight || row.revokedMs !== null || row.expiresMs <= nowMs) return null;
  const { namespace, scope, right, expiresMs } = row;
  return { namespace, scope, right, tokenId: token.id, expiresMs };
}
