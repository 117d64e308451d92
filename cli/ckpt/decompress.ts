import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import { writeAtomically } from '../files/atomic-output.ts';
import { isFolder } from '../files/folder-files.ts';
import { checkBases, checkInput } from '../files/input-file.ts';
import {
  baseSchema,
  onlyArgument,
  parseOptions,
  pathSchema,
  threadsSchema,
} from '../parse-options.ts';
import type { Command, Session } from '../session.ts';
import { gibPerSecond, ratioOf } from '../text/quantity.ts';
import { restoredLine } from '../text/result-lines.ts';
import { decompressFolder } from './folder-commands.ts';
import { loadPackedFiles, runPacked } from './packed.ts';
import { findTensor, refuseView, reportTensor, tensorHeader } from './tensor-output.ts';

const SUFFIX = '.mith';

const optionsSchema = z.object({
  output: pathSchema.optional(),
  base: baseSchema,
  threads: threadsSchema,
  tensor: z.string().min(1).optional(),
  force: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

/** `mithril ckpt decompress IN.mith [-o OUT] [--base PREV]... [--tensor NAME]` */
export const decompress: Command = async (session, args, given) => {
  const options = parseOptions(optionsSchema, given);
  const input = onlyArgument(args);
  if (options.tensor === undefined && (await isFolder(input))) {
    return decompressFolder(session, input, options);
  }
  await checkInput(input);
  await checkBases(options.base);
  if (options.tensor !== undefined) return readTensor(session, input, options, options.tensor);
  return readWhole(session, input, options);
};

async function readWhole(session: Session, input: string, options: Options): Promise<number> {
  const startedMs = performance.now();
  const output = options.output ?? withoutSuffix(input);
  const packed = await loadPackedFiles();
  const target = { path: output, isForced: options.force, interruption: session.interruption };
  const summary = await writeAtomically(target, (temporary) =>
    runPacked(session, { label: 'Restoring', subject: input, ...options }, (work) =>
      packed.decompress(input, temporary, work),
    ),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  const stored = await checkInput(input);
  const original = await checkInput(output);
  session.terminal.result(restoredLine({ bytesIn: original, bytesOut: stored, seconds }), {
    command: 'decompress',
    input,
    output,
    bases: options.base,
    bytesIn: stored,
    bytesOut: original,
    ratio: ratioOf(original, stored),
    seconds,
    codecSeconds: summary.codecSeconds,
    gibPerSecond: gibPerSecond(original, seconds),
    checksums: {
      crc32: summary.crc32,
      crc32c: summary.crc32c,
      crc64nvme: summary.crc64nvme,
    },
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  });
  session.terminal.detail(`written: ${output}`);
  return EXIT.ok;
}

async function readTensor(
  session: Session,
  input: string,
  options: Options,
  name: string,
): Promise<number> {
  const packed = await loadPackedFiles();
  const work = { label: 'Restoring', subject: input, ...options };
  const tensors = await runPacked(session, work, (it) => packed.tensors(input, it));
  const tensor = findTensor(tensors, name, input);
  refuseView(tensor, input);
  const output = options.output ?? `${name}.npy`;
  const target = { path: output, isForced: options.force, interruption: session.interruption };
  await writeAtomically(target, async (temporary) => {
    const bytes = await runPacked(session, work, (it) => packed.readTensor(input, name, it));
    await writeFile(temporary, [tensorHeader(tensor, output), bytes], { flag: 'wx' });
  });
  reportTensor(session.terminal, tensor, output);
  return EXIT.ok;
}

function withoutSuffix(input: string): string {
  if (input.endsWith(SUFFIX) && input.length > SUFFIX.length) return input.slice(0, -SUFFIX.length);
  throw new CliError(`the name of the output is not clear: ${input} does not end in ${SUFFIX}`, {
    exitCode: EXIT.usage,
    advice: 'Name the output with -o.',
  });
}
