import { stat } from 'node:fs/promises';
import type { Level, PackedFiles } from '../../shared/ports/codec.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import { writeAtomically } from '../files/atomic-output.ts';
import { checkInput } from '../files/input-file.ts';
import type { Session } from '../session.ts';
import {
  contentsOf,
  type FileOutcome,
  type FolderFile,
  folderOutput,
  makeFolders,
  runFolder,
  SUFFIX,
} from './folder.ts';
import { loadPackedFiles, runPacked } from './packed.ts';

export interface FolderOptions {
  readonly output?: string | undefined;
  readonly base: readonly string[];
  readonly threads: number;
  readonly level?: Level;
  readonly force: boolean;
}

type Settled = Exclude<FileOutcome, { readonly kind: 'failed' }>;

const isPacked = (file: string): boolean => file.endsWith(SUFFIX);

function outputOf(
  command: 'compress' | 'decompress',
  input: string,
  options: FolderOptions,
): string {
  const output = options.output ?? folderOutput(command, input);
  if (output !== null) return output;
  throw new CliError(`the folder of the output is not clear: ${input} does not end in ${SUFFIX}`, {
    exitCode: EXIT.usage,
    advice: 'Name it with -o.',
  });
}

/** Every file of a folder into a `.mith` file of its own, at the same place below the output. */
export async function compressFolder(
  session: Session,
  input: string,
  options: FolderOptions,
): Promise<number> {
  const output = outputOf('compress', input, options);
  const { files, folders, ignored } = await contentsOf(input, output, (file) => !isPacked(file));
  await makeFolders(output, folders);
  const packed = await loadPackedFiles();
  return runFolder(session, {
    command: 'compress',
    input,
    output,
    bases: options.base,
    files,
    ignored,
    nameOf: (file) => `${file}${SUFFIX}`,
    work: (file) => compressOne(session, packed, file, options),
  });
}

async function compressOne(
  session: Session,
  packed: PackedFiles,
  { input, output, bases }: FolderFile,
  options: FolderOptions,
): Promise<Settled> {
  const bytes = await checkInput(input);
  const existing = options.force ? null : await stat(output).catch(() => null);
  if (existing !== null) {
    const { mtimeMs } = await stat(input);
    const found = await packed.info(output);
    if (found.bytes === bytes && existing.mtimeMs >= mtimeMs) {
      return { kind: 'skipped', bytesIn: bytes, bytesOut: found.storedBytes };
    }
    throw new CliError(`${output} is of an earlier state of ${input}`, {
      advice: 'Replace it with --force.',
    });
  }
  const target = { path: output, isForced: options.force, interruption: session.interruption };
  const work = { label: 'Compressing', subject: input, ...options, base: bases };
  const summary = await writeAtomically(target, (temporary) =>
    runPacked(session, work, (it) => packed.compress(input, temporary, it)),
  );
  return { kind: 'done', bytesIn: summary.bytesIn, bytesOut: summary.bytesOut };
}

/** Every `.mith` file of a folder back into its original. */
export async function decompressFolder(
  session: Session,
  input: string,
  options: FolderOptions,
): Promise<number> {
  const output = outputOf('decompress', input, options);
  const { files, folders, ignored } = await contentsOf(input, output, isPacked);
  await makeFolders(output, folders);
  const packed = await loadPackedFiles();
  return runFolder(session, {
    command: 'decompress',
    input,
    output,
    bases: options.base,
    files,
    ignored,
    nameOf: (file) => file.slice(0, -SUFFIX.length),
    work: (file) => decompressOne(session, packed, file, options),
  });
}

async function decompressOne(
  session: Session,
  packed: PackedFiles,
  { input, output, bases }: FolderFile,
  options: FolderOptions,
): Promise<Settled> {
  const stored = await checkInput(input);
  const existing = options.force ? null : await stat(output).catch(() => null);
  if (existing !== null) {
    const { bytes } = await packed.info(input);
    const { mtimeMs } = await stat(input);
    if (existing.size === bytes && existing.mtimeMs >= mtimeMs) {
      return { kind: 'skipped', bytesIn: bytes, bytesOut: stored };
    }
    throw new CliError(`${output} is another file or older than ${input}`, {
      advice: 'Replace it with --force.',
    });
  }
  const target = { path: output, isForced: options.force, interruption: session.interruption };
  const work = { label: 'Restoring', subject: input, ...options, base: bases };
  const summary = await writeAtomically(target, (temporary) =>
    runPacked(session, work, (it) => packed.decompress(input, temporary, it)),
  );
  return { kind: 'done', bytesIn: summary.bytesOut, bytesOut: stored };
}

/** Decodes every `.mith` file of a folder and compares every checksum. */
export async function verifyFolder(
  session: Session,
  input: string,
  options: Pick<FolderOptions, 'base' | 'threads'>,
): Promise<number> {
  const { files, ignored } = await contentsOf(input, null, isPacked);
  const packed = await loadPackedFiles();
  return runFolder(session, {
    command: 'verify',
    input,
    output: null,
    bases: options.base,
    files,
    ignored,
    nameOf: (file) => file,
    work: async (file) => {
      const stored = await checkInput(file.input);
      const work = { label: 'Verifying', subject: file.input, ...options, base: file.bases };
      const summary = await runPacked(session, work, (it) => packed.verify(file.input, it));
      return { kind: 'done', bytesIn: summary.bytesOut, bytesOut: stored };
    },
  });
}
