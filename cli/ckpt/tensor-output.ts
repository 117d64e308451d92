import type { TensorRecord } from '../../shared/ports/codec.ts';
import { CliError } from '../cli-error.ts';
import type { Terminal } from '../terminal.ts';
import { nearNames } from '../text/near-names.ts';
import { formatBytes } from '../text/quantity.ts';

/** numpy's names of the element types it has; bf16 and the 8-bit floats are not among them. */
const NUMPY_TYPES: Readonly<Record<string, string>> = {
  BOOL: '|b1',
  U8: '|u1',
  I8: '|i1',
  U16: '<u2',
  I16: '<i2',
  U32: '<u4',
  I32: '<i4',
  U64: '<u8',
  I64: '<i8',
  F16: '<f2',
  F32: '<f4',
  F64: '<f8',
  C64: '<c8',
  C128: '<c16',
};

const NPY_MAGIC = Buffer.from('\u0093NUMPY\u0001\u0000', 'latin1');
const NPY_ALIGNMENT = 64;

export function findTensor(
  tensors: readonly TensorRecord[],
  name: string,
  subject: string,
): TensorRecord {
  const found = tensors.find((tensor) => tensor.name === name);
  if (found !== undefined) return found;
  if (tensors.length === 0) {
    throw new CliError(`${subject} holds no named tensors`, {
      advice: 'Restore the whole file instead.',
    });
  }
  const near = nearNames(
    name,
    tensors.map((tensor) => tensor.name),
  );
  throw new CliError(`${subject} has no tensor "${name}"`, {
    advice:
      near.length > 0 ? `Did you mean ${near.join(', ')}?` : 'List them with: mithril ckpt ls',
  });
}

/** A view's elements do not lie one after the other, so its bytes alone are not the tensor. */
export function refuseView({ name, order }: TensorRecord, subject: string): void {
  if (order !== 'strided') return;
  throw new CliError(`"${name}" is a view into a larger storage of ${subject}`, {
    advice: 'Restore the whole file and take the tensor from it.',
  });
}

/** What stands before the bytes of a tensor: numpy's header where the name asks for it. */
export function tensorHeader(tensor: TensorRecord, output: string): Buffer {
  if (!output.endsWith('.npy')) return Buffer.alloc(0);
  const type = NUMPY_TYPES[tensor.dtype];
  if (type === undefined) {
    throw new CliError(`numpy has no ${tensor.dtype}, the element type of "${tensor.name}"`, {
      advice: 'Write the raw little-endian bytes with -o NAME.bin.',
    });
  }
  return npyHeader(type, tensor);
}

/** Format 1.0 of numpy's .npy files: a Python literal, padded to 64 bytes. */
function npyHeader(type: string, { shape, order }: TensorRecord): Buffer {
  const isColumnMajor = order === 'column-major' ? 'True' : 'False';
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const literal = `{'descr': '${type}', 'fortran_order': ${isColumnMajor}, 'shape': ${tuple}, }`;
  const prefix = NPY_MAGIC.length + 2;
  const padding = NPY_ALIGNMENT - ((prefix + literal.length + 1) % NPY_ALIGNMENT);
  const text = `${literal}${' '.repeat(padding % NPY_ALIGNMENT)}\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(text.length);
  return Buffer.concat([NPY_MAGIC, length, Buffer.from(text, 'latin1')]);
}

export function reportTensor(terminal: Terminal, tensor: TensorRecord, output: string): void {
  const shape = tensor.shape.join(' x ') || 'scalar';
  const { name, dtype, length, order } = tensor;
  const type = order === 'row-major' ? dtype : `${dtype} ${order}`;
  const text = `${name}: ${type} ${shape}, ${formatBytes(length)} → ${output}`;
  terminal.result(text, {
    command: 'tensor',
    name,
    dtype,
    shape: tensor.shape,
    order,
    bytes: length,
    output,
  });
}
