import { open } from 'node:fs/promises';
import { readExactly } from '../../shared/app/checkpoint/read-exactly.ts';
import type { ObjectStore } from '../../shared/ports/object-store.ts';
import { CliError } from '../cli-error.ts';
import { checkInput } from '../files/input-file.ts';
import { formatS3Uri, parseObjectUri } from './s3-uri.ts';
import type { ByteSource } from './sample.ts';

export async function fileSource(path: string, role: string): Promise<ByteSource> {
  const bytes = await checkInput(path, role);
  return {
    name: path,
    bytes,
    read: async ({ offset, length }) => {
      const file = await open(path, 'r');
      try {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, offset);
        if (bytesRead === length) return buffer;
        throw new CliError(`${path} became shorter while it was read`);
      } finally {
        await file.close();
      }
    },
  };
}

/** The current version of an object; it must not change while it is sampled. */
export async function objectSource(
  objects: Pick<ObjectStore, 'head' | 'read'>,
  uri: string,
): Promise<ByteSource> {
  const address = parseObjectUri(uri);
  const found = await objects.head(address);
  if (found.kind === 'absent') throw new CliError(`there is no object ${uri}`);
  if (found.kind === 'unreadable') throw new CliError(`${uri} cannot be read: ${found.reason}`);
  const { bytes, versionId, etag } = found.head.object;
  return {
    name: formatS3Uri(address),
    bytes,
    read: async (range) => {
      const result = await readExactly(objects, { ...address, versionId, etag }, range);
      if (result.kind === 'read') return result.bytes;
      throw new CliError(`${uri} changed while it was read`, { advice: 'Run again.' });
    },
  };
}
