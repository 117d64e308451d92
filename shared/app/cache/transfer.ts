import { z } from 'zod';
import { KEYSPACES, TRUSTED_SCOPE } from '../../contracts/cache-names.ts';
import {
  entryPartition,
  entryRowSchema,
  factorsPartition,
  factorsRowSchema,
  type Place,
} from '../../contracts/cache-rows.ts';
import { ByteReader } from './byte-reader.ts';
import type { CacheContext } from './context.ts';
import { openEntry } from './read-entry.ts';
import { listRows } from './rows.ts';
import { writeEntry } from './write-entry.ts';

/**
 * The entries of a namespace's trusted scope as one file: a line of JSON that names the format,
 * then for each entry a line of JSON and the bytes of its body.
 */
const FORMAT = 'mithril-cache-export';
const LINE_BYTES_MAX = 64 * 1024;

const headSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(1),
  namespace: z.string(),
});
const itemSchema = z.strictObject({
  keyspace: z.enum(KEYSPACES),
  key: z.string().min(1).max(256),
  ...entryRowSchema.pick({
    digest: true,
    bytes: true,
    signature: true,
    toolchain: true,
    compileSeconds: true,
    attributes: true,
  }).shape,
  factors: factorsRowSchema.shape.factors.nullable(),
});
type Item = z.infer<typeof itemSchema>;

export interface TransferReport {
  readonly entries: number;
  readonly bytes: number;
  /** Of an import: those that were there, and those whose key has another body here. */
  readonly present: number;
  readonly conflicts: number;
}

export async function* exportEntries(
  context: CacheContext,
  namespace: string,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const place: Place = { namespace, scope: TRUSTED_SCOPE };
  const factors = await readFactors(context, place);
  yield line({ format: FORMAT, version: 1, namespace } satisfies z.infer<typeof headSchema>);
  for (const keyspace of KEYSPACES) {
    const rows = listRows(context.table, entryPartition(place, keyspace), entryRowSchema);
    for await (const { key, version, row } of rows) {
      if (row.state !== 'live') continue;
      const found = { place, keyspace, key: key.sk, version, row };
      const body = await openEntry(context, found, null);
      if (body === null) continue;
      const { digest, bytes, signature, toolchain, compileSeconds, attributes } = row;
      const facts = { digest, bytes, signature, toolchain, compileSeconds, attributes };
      const item: Item = { keyspace, key: key.sk, ...facts, factors: factors.get(key.sk) ?? null };
      yield line(item);
      if (Buffer.isBuffer(body)) yield body;
      else yield* body;
      count(bytes);
    }
  }
}

const line = (value: object): Buffer => Buffer.from(`${JSON.stringify(value)}\n`);

/** Every body is checked against its digest, and what is here already stays as it is. */
export async function importEntries(
  context: CacheContext,
  source: AsyncIterable<Uint8Array>,
  tokenId: string,
): Promise<TransferReport & { readonly namespace: string }> {
  const reader = new ByteReader(source);
  const { namespace } = parseLine(headSchema, await reader.readLine(LINE_BYTES_MAX));
  const access = {
    namespace,
    scope: TRUSTED_SCOPE,
    right: 'write',
    tokenId,
    expiresMs: 0,
  } as const;
  const report = { entries: 0, bytes: 0, present: 0, conflicts: 0 };
  for (;;) {
    const text = await reader.readLine(LINE_BYTES_MAX);
    if (text === null) return { namespace, ...report };
    const { keyspace, key, digest, bytes, factors, ...facts } = parseLine(itemSchema, text);
    const body = reader.read(bytes);
    const result = await writeEntry(context, access, {
      keyspace,
      key,
      body,
      second: 'conflict',
      digest,
      bytes,
      facts,
      factors,
    });
    if (result.kind === 'wrong-digest') throw new Error(`the body of ${key} is damaged`);
    if (result.kind === 'created') {
      report.entries += 1;
      report.bytes += bytes;
    } else if (result.kind === 'present') report.present += 1;
    else report.conflicts += 1;
  }
}

function parseLine<Schema extends z.ZodType>(
  schema: Schema,
  text: string | null,
): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(text ?? ''));
  } catch (cause) {
    throw new Error('it was not written by mithril cache export', { cause });
  }
}

async function readFactors(
  context: CacheContext,
  place: Place,
): Promise<ReadonlyMap<string, Record<string, string>>> {
  const found = new Map<string, Record<string, string>>();
  for await (const { row } of listRows(context.table, factorsPartition(place), factorsRowSchema)) {
    found.set(row.key, row.factors);
  }
  return found;
}
