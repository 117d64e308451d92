// Checkpoint files laid out as PyTorch, numpy and ggml write them; the same bytes for the same tensors.
import { crc32 } from 'node:zlib';
import { createRandom } from '../demo/random.ts';

export interface StoredTensor {
  readonly name: string;
  readonly dtype: 'F32' | 'BF16';
  readonly shape: readonly number[];
  /** Elements from one index to the next, of each dimension; row-major without it. */
  readonly strides?: readonly number[];
  /** Bytes of the storage: more than the shape needs where the tensor is a view. */
  readonly bytes: Buffer;
}

/** Normal weights around 0; bf16 is the upper half of each fp32. */
export function weightsOf(dtype: StoredTensor['dtype'], values: number, seed: number): Buffer {
  const random = createRandom(seed);
  const width = dtype === 'F32' ? 4 : 2;
  const bytes = Buffer.alloc(values * width);
  const float = Buffer.alloc(4);
  for (let at = 0; at < bytes.length; at += width) {
    float.writeFloatLE(random.normal() * 0.05);
    float.copy(bytes, at, 4 - width);
  }
  return bytes;
}

/** `torch.save` of a dict; `root` is the name of the file without its ending. */
export function torchZip(tensors: readonly StoredTensor[], root: string): Buffer {
  const items = tensors.map((tensor, key) => [text(tensor.name), tensorOps(tensor, key)]);
  const ops = [latin('}('), ...items.flat(), latin('u')];
  return torchArchive(root, ops, tensors);
}

/** A `.distcp` file: one `torch.save` for each tensor, one after the other. */
export function distcpFile(tensors: readonly StoredTensor[]): Buffer {
  return Buffer.concat(
    tensors.map((tensor) => torchArchive('archive', [tensorOps(tensor, 0)], [tensor])),
  );
}

/** `numpy.save`, of fp32 only: numpy has no bf16. */
export function npyFile({ shape, bytes }: StoredTensor): Buffer {
  const literal = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const header = `${literal.padEnd(128 - 11)}\n`;
  return Buffer.concat([
    latin('\u0093NUMPY\u0001\u0000'),
    u16(header.length),
    latin(header),
    bytes,
  ]);
}

/** `numpy.savez`: stored members whose sizes stand in zip64 fields. */
export function npzFile(tensors: readonly StoredTensor[]): Buffer {
  const zip = new Zip();
  for (const tensor of tensors) {
    const contents = npyFile(tensor);
    const sizes = [u64(contents.length), u64(contents.length)];
    const header = { flags: 0, crc: crc32(contents), size: 0xffff_ffff };
    zip.add(`${tensor.name}.npy`, contents, header, Buffer.concat([u16(1), u16(16), ...sizes]));
  }
  return zip.finish();
}

/** A GGUF file of version 3 with one value of metadata. */
export function ggufFile(tensors: readonly StoredTensor[]): Buffer {
  const string = (value: string) => Buffer.concat([u64(value.length), latin(value)]);
  let offset = 0;
  const table = tensors.flatMap(({ name, dtype, shape, bytes }) => {
    const row = [string(name), u32(shape.length), ...shape.toReversed().map(u64)];
    row.push(u32(dtype === 'F32' ? 0 : 30), u64(offset));
    offset += padded(bytes, 32).length;
    return row;
  });
  const value = [string('general.architecture'), u32(8), string('bert')];
  const head = [latin('GGUF'), u32(3), u64(tensors.length), u64(1), ...value, ...table];
  return Buffer.concat([
    padded(Buffer.concat(head), 32),
    ...tensors.map(({ bytes }) => padded(bytes, 32)),
  ]);
}

function torchArchive(root: string, ops: Buffer[], tensors: readonly StoredTensor[]): Buffer {
  const zip = new Zip();
  zip.addAligned(`${root}/data.pkl`, Buffer.concat([latin('\u0080\u0002'), ...ops, latin('.')]));
  zip.addAligned(`${root}/byteorder`, latin('little'));
  for (const [key, { bytes }] of tensors.entries()) zip.addAligned(`${root}/data/${key}`, bytes);
  zip.addAligned(`${root}/version`, latin('3\n'));
  return zip.finish();
}

/** The opcodes of `_rebuild_tensor_v2`, protocol 2. */
function tensorOps({ dtype, shape, strides, bytes }: StoredTensor, key: number): Buffer {
  const [type, width] = dtype === 'F32' ? ['FloatStorage', 4] : ['BFloat16Storage', 2];
  const numbers = (values: readonly number[]) =>
    Buffer.concat([latin('('), ...values.map((value) => int(value)), latin('t')]);
  const rowMajor = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  return Buffer.concat([
    latin('ctorch._utils\n_rebuild_tensor_v2\n(('),
    text('storage'),
    latin(`ctorch\n${type}\n`),
    text(String(key)),
    text('cpu'),
    int(bytes.length / width),
    latin('tQ'),
    int(0),
    numbers(shape),
    numbers(strides ?? rowMajor),
    latin('\u0089ccollections\nOrderedDict\n)RtR'),
  ]);
}

/** Stored members, a directory with zip64 records, and the end. */
class Zip {
  readonly #parts: Buffer[] = [];
  readonly #directory: Buffer[] = [];
  #bytes = 0;

  /** As PyTorch does: contents on 64-byte boundaries, sizes in a descriptor behind them. */
  addAligned(name: string, contents: Buffer): void {
    const unpadded = this.#bytes + 30 + name.length + 4;
    const padding = Math.ceil(unpadded / 64) * 64 - unpadded;
    const extra = Buffer.concat([latin('FB'), u16(padding), Buffer.alloc(padding, 'Z')]);
    this.add(name, contents, { flags: 0x808, crc: 0, size: 0 }, extra);
    const size = u32(contents.length);
    this.#push(latin('PK\u0007\u0008'), u32(crc32(contents)), size, size);
  }

  add(
    name: string,
    contents: Buffer,
    local: { readonly flags: number; readonly crc: number; readonly size: number },
    extra: Buffer,
  ): void {
    const at = this.#bytes;
    const common = [u16(0), u16(local.flags), u16(0), u32(0)];
    const sizes = [u32(local.crc), u32(local.size), u32(local.size)];
    const lengths = [u16(name.length), u16(extra.length)];
    this.#push(latin('PK\u0003\u0004'), ...common, ...sizes, ...lengths, latin(name), extra);
    this.#push(contents);
    const size = u32(contents.length);
    this.#directory.push(latin('PK\u0001\u0002'), u16(0), ...common, u32(crc32(contents)));
    this.#directory.push(size, size, u16(name.length), Buffer.alloc(12), u32(at), latin(name));
  }

  finish(): Buffer {
    const [start, directory] = [this.#bytes, Buffer.concat(this.#directory)];
    const count = directory.toString('latin1').split('PK\u0001\u0002').length - 1;
    this.#push(directory);
    const record = [u64(44), Buffer.alloc(12), u64(count), u64(count), u64(directory.length)];
    this.#push(latin('PK\u0006\u0006'), ...record, u64(start));
    const recordAt = start + directory.length;
    this.#push(latin('PK\u0006\u0007'), u32(0), u64(recordAt), u32(1), latin('PK\u0005\u0006'));
    this.#push(u32(0), u16(count), u16(count), u32(directory.length), u32(start), u16(0));
    return Buffer.concat(this.#parts);
  }

  #push(...parts: readonly Buffer[]): void {
    this.#parts.push(...parts);
    for (const part of parts) this.#bytes += part.length;
  }
}

const latin = (value: string): Buffer => Buffer.from(value, 'latin1');
const text = (value: string): Buffer =>
  Buffer.concat([latin('X'), u32(value.length), latin(value)]);
const int = (value: number): Buffer => Buffer.concat([latin('J'), u32(value)]);

function padded(bytes: Buffer, alignment: number): Buffer {
  const length = Math.ceil(bytes.length / alignment) * alignment;
  return Buffer.concat([bytes, Buffer.alloc(length - bytes.length)]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
