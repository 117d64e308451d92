import type { CacheContext } from '../../../app/cache/context.ts';
import { lookupEntries } from '../../../app/cache/lookup.ts';
import { quarantineEntry } from '../../../app/cache/quarantine.ts';
import { findEntry, writeThrough } from '../../../app/cache/through-upstream.ts';
import { sha256Schema } from '../../../contracts/brands.ts';
import {
  compileSecondsSchema,
  factorsSchema,
  lookupRequestSchema,
  quarantineRequestSchema,
  signatureSchema,
} from '../../../contracts/cache-api.ts';
import { FACTORS_BYTES_MAX } from '../../../contracts/cache-limits.ts';
import { HEADER } from '../../../contracts/cache-names.ts';
import { isSignedBy, type SignedFacts } from '../../../domain/cache/signature.ts';
import { answerPut, type CacheRequest, notFound, RequestFault, requireWrite } from '../answers.ts';
import { parseText, readEntryLength, readJson, takeEntryBody } from '../body.ts';
import type { MountKeyspace } from '../keyspace.ts';
import { serveEntry } from '../serve-entry.ts';
import { nativeHeaders } from './entry-headers.ts';

export const mountEntries: MountKeyspace = (app, context) => {
  app.get('/v1/entries/:key', (c) => {
    const key = parseKey(c.req.param('key'));
    const find = () => findEntry(context, c.get('access'), { keyspace: 'native', key });
    return serveEntry(c, context, { find, headersOf: nativeHeaders, followsGet: () => true });
  });
  app.put('/v1/entries/:key', (c) => putEntry(c, context, parseKey(c.req.param('key'))));
  app.post('/v1/entries/:key/quarantine', async (c) => {
    const access = requireWrite(c);
    const key = parseKey(c.req.param('key'));
    const report = await readJson(c, quarantineRequestSchema);
    const result = await quarantineEntry(context, access, { key, ...report });
    if (result === 'absent') throw notFound();
    return c.body(null, 204);
  });
  app.post('/v1/lookup', async (c) => {
    const { keys } = await readJson(c, lookupRequestSchema);
    return c.json({ found: await lookupEntries(context, c.get('access'), keys) });
  });
};

/** What is no key names nothing. */
export function parseKey(text: string): string {
  const parsed = sha256Schema.safeParse(text);
  if (!parsed.success) throw notFound();
  return parsed.data;
}

/** Of one of the namespace's keys, where it has any. */
export function requireSignature(
  { settings }: CacheContext,
  signature: string,
  facts: SignedFacts,
): void {
  const { publicKeys } = settings.policyOf(facts.namespace);
  if (publicKeys.length === 0 || isSignedBy(publicKeys, signature, facts)) return;
  throw new RequestFault(400, 'invalid_signature', 'not signed by a key of this namespace');
}

async function putEntry(c: CacheRequest, context: CacheContext, key: string): Promise<Response> {
  const access = requireWrite(c);
  const bytes = readEntryLength(c, context);
  const digest = parseText(sha256Schema, c.req.header(HEADER.digest), HEADER.digest);
  const signature = c.req.header(HEADER.signature);
  if (signature === undefined) {
    throw new RequestFault(400, 'unsigned', `a native entry needs ${HEADER.signature}`);
  }
  parseText(signatureSchema, signature, HEADER.signature);
  const toolchain = parseText(sha256Schema, c.req.header(HEADER.toolchain), HEADER.toolchain);
  const compileSeconds = parseText(
    compileSecondsSchema,
    c.req.header(HEADER.compileSeconds),
    HEADER.compileSeconds,
  );
  const { namespace } = access;
  requireSignature(context, signature, { namespace, key, digest, bytes, toolchain });
  const result = await writeThrough(context, access, {
    keyspace: 'native',
    key,
    second: 'conflict',
    body: takeEntryBody(c, context, bytes),
    digest,
    bytes,
    facts: { signature, toolchain, compileSeconds, attributes: {} },
    factors: readFactors(c),
  });
  return answerPut(c, result);
}

function readFactors(c: CacheRequest): Record<string, string> | null {
  const header = c.req.header(HEADER.factors);
  if (header === undefined) return null;
  const bytes = Buffer.from(header, 'base64url');
  if (bytes.length <= FACTORS_BYTES_MAX) {
    try {
      const parsed = factorsSchema.safeParse(JSON.parse(bytes.toString('utf8')));
      if (parsed.success) return parsed.data;
    } catch {
      // not JSON: refused below, like every other text
    }
  }
  const message = `${HEADER.factors}: expected base64url of a small JSON object of strings`;
  throw new RequestFault(400, 'invalid_header', message);
}
