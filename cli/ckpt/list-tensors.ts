import { z } from 'zod';
import type { TensorRecord } from '../../shared/ports/codec.ts';
import { EXIT } from '../exit-code.ts';
import { checkBases, checkInput } from '../files/input-file.ts';
import { baseSchema, onlyArgument, parseOptions, threadsSchema } from '../parse-options.ts';
import type { Command } from '../session.ts';
import { formatBytes, formatCount } from '../text/quantity.ts';
import { loadPackedFiles, runPacked } from './packed.ts';

const optionsSchema = z.object({ base: baseSchema, threads: threadsSchema });

/** `mithril ckpt ls IN.mith`: the tensors, from the header alone. */
export const listTensors: Command = async (session, args, given) => {
  const options = parseOptions(optionsSchema, given);
  const input = onlyArgument(args);
  await checkInput(input);
  await checkBases(options.base);
  const packed = await loadPackedFiles();
  const tensors = await runPacked(
    session,
    { label: 'Reading', subject: input, ...options },
    (work) => packed.tensors(input, work),
  );
  session.terminal.result(describe(tensors), { command: 'ls', input, tensors });
  return EXIT.ok;
};

function describe(tensors: readonly TensorRecord[]): string {
  if (tensors.length === 0) return 'no named tensors';
  const rows = tensors.map((it) => [it.name, it.dtype, `[${it.shape.join(', ')}]`] as const);
  const widths = [0, 1, 2].map((column) =>
    rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0),
  );
  const lines = rows.map((row, index) => {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
    return `${cells}  ${formatBytes(tensors[index]?.length ?? 0)}`;
  });
  const total = tensors.reduce((sum, tensor) => sum + tensor.length, 0);
  return [...lines, `${formatCount(tensors.length)} tensors, ${formatBytes(total)}`].join('\n');
}
