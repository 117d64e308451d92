import { expect, it } from 'vitest';
import { decompress } from 'zstd-napi';
import { MemoryObjectStore } from '../memory/memory-object-store.ts';
import { withCompressedDocuments } from './compressed-documents.ts';
import { createZstdCompressor } from './zstd-compressor.ts';

const memory = new MemoryObjectStore({ store: { isVersioned: false, hasChecksum: true } });
const isDocument = (key: string): boolean => key.endsWith('.json');
const store = withCompressedDocuments(memory, createZstdCompressor(), isDocument);
const at = (key: string) => ({ bucket: 'store', key });
const text = Buffer.from(JSON.stringify(Array.from({ length: 5_000 }, (_, n) => ({ n }))));
const IF_ABSENT = { ifAbsent: true };

it('keeps a document smaller than it is, and gives it back', async () => {
  await store.write(at('plan.json'), text, IF_ABSENT);
  const head = await memory.head(at('plan.json'));
  expect(head.kind === 'found' && head.head.object.bytes).toBeLessThan(text.length / 4);
  const read = await store.readAll(at('plan.json'), text.length);
  expect(read.kind === 'read' && read.bytes.equals(text)).toBe(true);
  expect(await store.write(at('plan.json'), text, IF_ABSENT)).toEqual({ kind: 'exists' });
});

it('stores a zstd frame, which zstd itself reads back', async () => {
  await store.write(at('frame.json'), text, IF_ABSENT);
  const stored = await memory.readAll(at('frame.json'), text.length);
  if (stored.kind !== 'read') throw new Error('expected a frame');
  expect(stored.bytes.subarray(0, 4).toString('hex')).toBe('28b52ffd');
  expect(decompress(stored.bytes).equals(text)).toBe(true);
});

it('leaves every other object as it is', async () => {
  await store.write(at('encode.jsonl'), text, IF_ABSENT);
  const read = await memory.readAll(at('encode.jsonl'), text.length);
  expect(read.kind === 'read' && read.bytes.equals(text)).toBe(true);
});

it('reads a document that was stored as it is', async () => {
  await memory.write(at('old.json'), Buffer.from('{}'), IF_ABSENT);
  const read = await store.readAll(at('old.json'), 10);
  expect(read.kind === 'read' && read.bytes.toString()).toBe('{}');
});

it('bounds the document, not only its frame, and reports damage', async () => {
  await store.write(at('large.json'), text, IF_ABSENT);
  const large = store.readAll(at('large.json'), text.length - 1);
  await expect(large).rejects.toMatchObject({ code: 'ObjectTooLarge', retryable: false });
  const frame = await memory.readAll(at('large.json'), text.length);
  if (frame.kind !== 'read') throw new Error('expected a frame');
  await memory.write(at('cut.json'), frame.bytes.subarray(0, 50), IF_ABSENT);
  const cut = store.readAll(at('cut.json'), text.length);
  await expect(cut).rejects.toMatchObject({ code: 'DocumentDamaged', retryable: false });
});

it('passes on what is absent', async () => {
  expect(await store.readAll(at('none.json'), 10)).toEqual({ kind: 'absent' });
});
