import { z } from 'zod';
import { EXIT } from '../exit-code.ts';
import { isFolder } from '../files/folder-files.ts';
import { checkBases, checkInput } from '../files/input-file.ts';
import { baseSchema, onlyArgument, parseOptions, threadsSchema } from '../parse-options.ts';
import type { Command } from '../session.ts';
import { gibPerSecond, ratioOf } from '../text/quantity.ts';
import { verifiedLine } from '../text/result-lines.ts';
import { verifyFolder } from './folder-commands.ts';
import { aboutFile, loadPackedFiles, runPacked } from './packed.ts';

const optionsSchema = z.object({ base: baseSchema, threads: threadsSchema });

/** `mithril ckpt verify IN.mith`: decodes everything and compares every checksum. */
export const verify: Command = async (session, args, given) => {
  const startedMs = performance.now();
  const options = parseOptions(optionsSchema, given);
  const input = onlyArgument(args);
  if (await isFolder(input)) return verifyFolder(session, input, options);
  const stored = await checkInput(input);
  await checkBases(options.base);
  const packed = await loadPackedFiles();
  const { bytes } = await packed.info(input).catch((error: unknown) => {
    throw aboutFile(error, { subject: input, base: [] }, false);
  });
  const summary = await runPacked(
    session,
    { label: 'Verifying', subject: input, ...options },
    (work) => packed.verify(input, work),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  session.terminal.result(verifiedLine({ bytesIn: bytes, bytesOut: stored, seconds }), {
    command: 'verify',
    input,
    bases: options.base,
    isVerified: true,
    bytesIn: bytes,
    bytesOut: stored,
    ratio: ratioOf(bytes, stored),
    seconds,
    codecSeconds: summary.codecSeconds,
    gibPerSecond: gibPerSecond(bytes, seconds),
    checksums: {
      crc32: summary.crc32,
      crc32c: summary.crc32c,
      crc64nvme: summary.crc64nvme,
    },
  });
  return EXIT.ok;
};
