import type { CacheContext } from '../../../app/cache/context.ts';
import { commitUpload, startUpload, type UploadedEntry } from '../../../app/cache/upload-entry.ts';
import type { Access } from '../../../contracts/cache-names.ts';
import {
  UPLOADS_COMMIT_PATH,
  UPLOADS_PATH,
  uploadRequestSchema,
} from '../../../contracts/cache-uploads.ts';
import { CLIENT_PROTOCOLS } from '../../../domain/cache/client-protocols.ts';
import { answerPut, type CacheRequest, requireWrite } from '../answers.ts';
import { invalidRequest, readJson, tooLarge } from '../body.ts';
import type { MountKeyspace } from '../keyspace.ts';
import { requireSignature } from './entries.ts';

/** Only where bodies go past the host; elsewhere there is no such path, and PUT takes any size. */
export const mountUploads: MountKeyspace = (app, context) => {
  const { links } = context;
  if (links === null) return;
  app.post(UPLOADS_PATH, async (c) => {
    const access = requireWrite(c);
    const entry = await readUpload(c, context, access);
    const result = await startUpload(context, links, access, entry);
    return result.kind === 'upload' ? c.json(result.link, 201) : answerPut(c, result);
  });
  app.post(UPLOADS_COMMIT_PATH, async (c) => {
    const access = requireWrite(c);
    const entry = await readUpload(c, context, access);
    return answerPut(c, await commitUpload(context, access, entry));
  });
};

async function readUpload(
  c: CacheRequest,
  context: CacheContext,
  { namespace }: Access,
): Promise<UploadedEntry> {
  const { entryBytesMax } = context.settings;
  const request = await readJson(c, uploadRequestSchema);
  const { keyspace, key, digest, size: bytes } = request;
  if (bytes > entryBytesMax) throw tooLarge(entryBytesMax);
  const body = { key, digest, bytes };
  if (request.keyspace !== 'native') {
    if (request.keyspace === 'bazel-cas' && key !== digest) {
      throw invalidRequest('the key of a Bazel blob is its digest');
    }
    const { attributes } = request;
    const facts = { signature: null, toolchain: null, compileSeconds: 0, attributes };
    const { second } = CLIENT_PROTOCOLS[request.keyspace];
    return { ...body, keyspace, second, facts, factors: null };
  }
  const { signature, toolchain, compileSeconds, factors = null } = request;
  requireSignature(context, signature, { namespace, ...body, toolchain });
  const facts = { signature, toolchain, compileSeconds, attributes: {} };
  return { ...body, keyspace, second: 'conflict', facts, factors };
}
