import {
  UPLOADS_COMMIT_PATH,
  UPLOADS_PATH,
  uploadLinkSchema,
} from '../../contracts/cache-uploads.ts';
import type { CacheUpstream, CarriedEntry, Delivery } from '../../ports/cache-upstream.ts';

export interface UploadSettings {
  /** Of the endpoint. */
  readonly url: string;
  readonly waitMs: number;
  readonly onFailure: (message: string) => void;
}

/** Answers after which a later try may end otherwise. */
const PASSING: ReadonlySet<number> = new Set([401, 408, 429]);

export function deliveryOf(status: number | null): Delivery {
  if (status === null || status >= 500 || PASSING.has(status)) return 'failed';
  return status < 300 ? 'taken' : 'refused';
}

/**
 * A body that the endpoint cannot pass on: it gives a link to its store, and is told when the body
 * is there. `inline`: this endpoint passes on bodies of any size.
 */
export async function uploadEntry(
  settings: UploadSettings,
  ask: CacheUpstream['ask'],
  entry: CarriedEntry,
  body: () => AsyncIterable<Uint8Array>,
): Promise<Delivery | 'inline'> {
  const about = describeEntry(entry);
  const answer = await ask('POST', UPLOADS_PATH, about);
  if (answer?.status === 404) return 'inline';
  if (answer?.status !== 201) return deliveryOf(answer?.status ?? null);
  const link = uploadLinkSchema.parse(answer.json);
  if (!(await putTo(settings, link, body()))) return 'failed';
  const committed = await ask('POST', UPLOADS_COMMIT_PATH, about);
  // The body was there a moment ago: a store that does not show it yet will.
  return committed?.status === 404 ? 'failed' : deliveryOf(committed?.status ?? null);
}

const describeEntry = ({ keyspace, key, digest, bytes, facts, factors }: CarriedEntry): object => {
  const body = { keyspace, key, digest, size: bytes };
  if (keyspace !== 'native') return { ...body, attributes: facts.attributes };
  const { signature, toolchain, compileSeconds } = facts;
  const known = factors === null ? {} : { factors };
  return { ...body, signature, toolchain, compileSeconds, ...known };
};

/** Without the token, whose place is the endpoint. */
async function putTo(
  { url: endpoint, waitMs, onFailure }: UploadSettings,
  { url, headers }: { readonly url: string; readonly headers: Readonly<Record<string, string>> },
  body: AsyncIterable<Uint8Array>,
): Promise<boolean> {
  try {
    if (!url.startsWith('https://') && endpoint.startsWith('https://')) {
      throw new Error('a link without TLS is not followed');
    }
    const response = await fetch(url, {
      method: 'PUT',
      headers,
      body: ReadableStream.from(body),
      duplex: 'half',
      redirect: 'error',
      signal: AbortSignal.timeout(waitMs),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the store answered ${response.status}`);
    return true;
  } catch (error) {
    onFailure(`PUT by a link: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}
