import { writeFile } from 'node:fs/promises';
import { createRandom } from '../demo/random.ts';

export interface SampleTensor {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A small safetensors file of normal F32 weights; the same bytes for the same seed. */
export async function writeSafetensors(
  path: string,
  tensors: readonly SampleTensor[],
  seed = 7,
): Promise<Buffer> {
  const random = createRandom(seed);
  const header: Record<string, unknown> = {};
  const bodies: Buffer[] = [];
  let offset = 0;
  for (const { name, shape } of tensors) {
    const values = shape.reduce((product, size) => product * size, 1);
    const body = Buffer.alloc(values * 4);
    for (let at = 0; at < body.length; at += 4) body.writeFloatLE(random.normal() * 0.05, at);
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + body.length] };
    offset += body.length;
    bodies.push(body);
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const bytes = Buffer.concat([length, json, ...bodies]);
  await writeFile(path, bytes);
  return bytes;
}
