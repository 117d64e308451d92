/** A safetensors file from its parts; `header` may be anything, also wrong. */
export const safetensors = (header: unknown, data: Buffer, headerBytes?: bigint): Buffer => {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(headerBytes ?? BigInt(text.length));
  return Buffer.concat([length, text, data]);
};

export const tensor = (
  dtype: string,
  shape: readonly number[],
  start: number,
  end: number,
): unknown => ({ dtype, shape, data_offsets: [start, end] });
