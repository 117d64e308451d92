import { z } from 'zod';
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
import type { Command } from '../session.ts';
import { gibPerSecond, ratioOf } from '../text/quantity.ts';
import { compressedLine } from '../text/result-lines.ts';
import { compressFolder } from './folder-commands.ts';
import { explainStatistics, loadPackedFiles, runPacked } from './packed.ts';

const optionsSchema = z.object({
  output: pathSchema.optional(),
  base: baseSchema,
  threads: threadsSchema,
  level: z.enum(['fast', 'default', 'max']).default('default'),
  force: z.boolean().default(false),
});

/** `mithril ckpt compress IN [-o OUT.mith] [--base PREV]...`, IN a file or a folder */
export const compress: Command = async (session, args, given) => {
  const startedMs = performance.now();
  const options = parseOptions(optionsSchema, given);
  const input = onlyArgument(args);
  if (await isFolder(input)) return compressFolder(session, input, options);
  const output = options.output ?? `${input}.mith`;
  await checkInput(input);
  await checkBases(options.base);
  const packed = await loadPackedFiles();
  const target = { path: output, isForced: options.force, interruption: session.interruption };
  const summary = await writeAtomically(target, (temporary) =>
    runPacked(session, { label: 'Compressing', subject: input, ...options }, (work) =>
      packed.compress(input, temporary, work),
    ),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  const { bytesIn, bytesOut, codecSeconds, stats, crc32, crc32c, crc64nvme } = summary;
  session.terminal.result(compressedLine({ bytesIn, bytesOut, seconds }), {
    command: 'compress',
    input,
    output,
    bases: options.base,
    bytesIn,
    bytesOut,
    ratio: ratioOf(bytesIn, bytesOut),
    seconds,
    codecSeconds,
    gibPerSecond: gibPerSecond(bytesIn, seconds),
    stats,
    checksums: { crc32, crc32c, crc64nvme },
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  });
  session.terminal.detail(explainStatistics(stats));
  session.terminal.detail(`written: ${output}`);
  return 0;
};
