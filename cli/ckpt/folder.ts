import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CliError, describeFailure, Interrupted } from '../cli-error.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { isFile, isFolder, listFolder } from '../files/folder-files.ts';
import type { Session } from '../session.ts';
import { formatBytes, formatRatio, ratioOf } from '../text/quantity.ts';

export const SUFFIX = '.mith';

/** What was done with one file of a folder. */
export type FileOutcome =
  | { readonly kind: 'done' | 'skipped'; readonly bytesIn: number; readonly bytesOut: number }
  | { readonly kind: 'failed'; readonly error: string; readonly exitCode: ExitCode };

export interface FolderWork {
  readonly command: 'compress' | 'decompress' | 'verify';
  readonly input: string;
  /** Null where nothing is written. */
  readonly output: string | null;
  readonly bases: readonly string[];
  /** `ignored`: files that this command leaves alone. */
  readonly files: readonly string[];
  readonly ignored: number;
  /** Output file of one input file, both below their folders. */
  readonly nameOf: (file: string) => string;
  readonly work: (file: FolderFile) => Promise<Exclude<FileOutcome, { readonly kind: 'failed' }>>;
}

export interface FolderFile {
  readonly input: string;
  readonly output: string;
  /** Same-named files of the folders given with --base, plain or compressed. */
  readonly bases: readonly string[];
}

/** The default folder of the output; null where its name is not clear. */
export const folderOutput = (command: FolderWork['command'], input: string): string | null => {
  const name = resolve(input);
  if (command === 'compress') return `${name}${SUFFIX}`;
  return name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : null;
};

/** Splits a folder into the files to work on and the rest. */
export async function contentsOf(
  input: string,
  output: string | null,
  isWanted: (file: string) => boolean,
): Promise<{ files: readonly string[]; folders: readonly string[]; ignored: number }> {
  const { files, folders } = await listFolder(input, output === null ? null : resolve(output));
  const wanted = files.filter(isWanted);
  return { files: wanted, folders, ignored: files.length - wanted.length };
}

export async function makeFolders(output: string, folders: readonly string[]): Promise<void> {
  for (const folder of ['', ...folders]) await mkdir(join(output, folder), { recursive: true });
}

async function basesOf(bases: readonly string[], file: string): Promise<readonly string[]> {
  const plain = file.endsWith(SUFFIX) ? file.slice(0, -SUFFIX.length) : file;
  const candidates = bases.flatMap((base) => [join(base, plain), join(base, `${plain}${SUFFIX}`)]);
  const found = await Promise.all(candidates.map(isFile));
  return candidates.filter((_, index) => found[index] === true);
}

/** Works on every file; one that fails does not keep the others from being done. */
export async function runFolder(session: Session, work: FolderWork): Promise<number> {
  const startedMs = performance.now();
  for (const base of work.bases) {
    if (!(await isFolder(base))) {
      throw new CliError(`the base is no folder: ${base}`, {
        exitCode: EXIT.usage,
        advice: 'For a folder, --base names the folder of the checkpoint before it.',
      });
    }
  }
  const outcomes: { readonly file: string; readonly outcome: FileOutcome }[] = [];
  for (const file of work.files) {
    const outcome = await runFile(session, work, file);
    outcomes.push({ file, outcome });
    session.terminal.note(`${file}: ${describe(work, outcome)}`);
  }
  report(session, work, outcomes, (performance.now() - startedMs) / 1000);
  return outcomes.reduce(
    (code, { outcome }) => Math.max(code, outcome.kind === 'failed' ? outcome.exitCode : 0),
    0,
  );
}

async function runFile(session: Session, work: FolderWork, file: string): Promise<FileOutcome> {
  try {
    const output = work.output === null ? '' : join(work.output, work.nameOf(file));
    if (output !== '') await mkdir(dirname(output), { recursive: true });
    const bases = await basesOf(work.bases, file);
    return await work.work({ input: join(work.input, file), output, bases });
  } catch (error) {
    if (error instanceof Interrupted || session.interruption.signal.aborted) throw error;
    const { message, exitCode } = describeFailure(error);
    return { kind: 'failed', error: message, exitCode };
  }
}

function describe(work: FolderWork, outcome: FileOutcome): string {
  if (outcome.kind === 'failed') return `FAILED: ${outcome.error}`;
  const { bytesIn, bytesOut } = outcome;
  const [from, to] = work.command === 'compress' ? [bytesIn, bytesOut] : [bytesOut, bytesIn];
  const sizes = `${formatBytes(from)} → ${formatBytes(to)}`;
  if (outcome.kind === 'skipped') return `there already, skipped (${sizes})`;
  if (work.command === 'verify') return `verified, ${formatBytes(bytesIn)}`;
  return work.command === 'compress' ? `${sizes} (${formatRatio(bytesIn, bytesOut)})` : sizes;
}

function report(
  session: Session,
  work: FolderWork,
  outcomes: readonly { readonly file: string; readonly outcome: FileOutcome }[],
  seconds: number,
): void {
  const count = (kind: FileOutcome['kind']): number =>
    outcomes.filter(({ outcome }) => outcome.kind === kind).length;
  const sum = (of: 'bytesIn' | 'bytesOut'): number =>
    outcomes.reduce(
      (total, { outcome }) => total + (outcome.kind === 'failed' ? 0 : outcome[of]),
      0,
    );
  const [bytesIn, bytesOut] = [sum('bytesIn'), sum('bytesOut')];
  const parts = [
    `${count('done')} files ${{ compress: 'compressed', decompress: 'restored', verify: 'verified' }[work.command]}`,
    ...(count('skipped') > 0 ? [`${count('skipped')} there already`] : []),
    ...(count('failed') > 0 ? [`${count('failed')} FAILED`] : []),
    ...(work.ignored > 0 ? [`${work.ignored} left alone`] : []),
  ];
  const sizes = `${formatBytes(bytesIn)} original, ${formatBytes(bytesOut)} stored (${formatRatio(bytesIn, bytesOut)})`;
  session.terminal.result(`${parts.join(', ')}: ${sizes}`, {
    command: work.command,
    input: work.input,
    output: work.output,
    bases: work.bases,
    files: outcomes.map(({ file, outcome }) => ({ file, ...outcome })),
    filesIgnored: work.ignored,
    bytesIn,
    bytesOut,
    ratio: ratioOf(bytesIn, bytesOut),
    seconds,
  });
}
