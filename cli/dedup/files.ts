import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { NamedFile } from '../../shared/ports/dedup.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import { expandGlob, isGlob, listFiles } from './glob.ts';

/** What the engine reads; files of other kinds in a folder are passed over. */
const KNOWN = /\.(?:(?:jsonl|ndjson|json)(?:\.gz|\.zst)?|parquet)$/iu;

export interface InputFile extends NamedFile {
  /** Where it goes below an output folder. */
  readonly relative: string;
}

/** The files that arguments stand for (files, folders, patterns), in byte order of their names. */
export async function findInputs(args: readonly string[]): Promise<InputFile[]> {
  const found = new Map<string, InputFile>();
  for (const arg of args) {
    for (const file of await filesOf(arg)) found.set(resolve(file.path), file);
  }
  return [...found.values()].sort((a, b) =>
    Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)),
  );
}

async function filesOf(arg: string): Promise<readonly InputFile[]> {
  const at = await stat(arg).catch(() => null);
  if (at?.isFile()) return [{ path: arg, name: arg, relative: basename(arg) }];
  if (at?.isDirectory()) return inFolder(arg);
  if (at === null && isGlob(arg)) {
    const files = (await expandGlob(arg)).filter((file) => KNOWN.test(file));
    if (files.length > 0)
      return files.map((path) => ({ path, name: path, relative: basename(path) }));
    throw new CliError(`no file matches: ${arg}`, { advice: ADVICE });
  }
  const what = at === null ? 'does not exist' : 'is not a regular file';
  throw new CliError(`the input ${what}: ${arg}`, {
    advice: arg.startsWith('s3://') ? 'This command works on files.' : 'Check the path.',
  });
}

const ADVICE = 'Files are .jsonl, .jsonl.gz, .jsonl.zst or .parquet.';

async function inFolder(folder: string): Promise<readonly InputFile[]> {
  const files = (await listFiles(folder)).filter((file) => KNOWN.test(file));
  if (files.length === 0)
    throw new CliError(`no input is in the folder: ${folder}`, { advice: ADVICE });
  return files.map((relative) => {
    const path = join(folder, relative);
    return { path, name: path, relative };
  });
}

/** One file for one input, or a folder: an existing one, or any name for many inputs. */
export async function placeOutputs(
  inputs: readonly InputFile[],
  output: string,
): Promise<readonly string[]> {
  const at = await stat(output).catch(() => null);
  const [only] = inputs;
  const isFile = inputs.length === 1 && !at?.isDirectory() && !output.endsWith('/');
  const outputs =
    isFile && only !== undefined ? [output] : inputs.map((input) => join(output, input.relative));
  if (!isFile && at?.isFile()) {
    throw usage(`many inputs need a folder, and this is a file: ${output}`);
  }
  refuseClashes(inputs, outputs);
  return outputs;
}

function refuseClashes(inputs: readonly InputFile[], outputs: readonly string[]): void {
  const taken = new Map<string, string>();
  for (const [at, output] of outputs.entries()) {
    const name = inputs[at]?.name ?? '';
    const other = taken.get(resolve(output));
    if (other !== undefined)
      throw usage(`two inputs have one output, ${output}: ${other}, ${name}`);
    taken.set(resolve(output), name);
  }
  const read = inputs.find((input) => taken.has(resolve(input.path)));
  if (read !== undefined) throw usage(`the output is an input: ${read.path}`);
}

const usage = (message: string): CliError =>
  new CliError(message, { exitCode: EXIT.usage, advice: 'Choose another output with -o.' });
