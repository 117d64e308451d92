import { availableParallelism } from 'node:os';
import type { Level, PackedFiles, PackedOptions, SegmentStats } from '../../shared/ports/codec.ts';
import { CliError, describeFailure, Interrupted, readCode } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import type { Session } from '../session.ts';
import { formatBytes } from '../text/quantity.ts';

/** The native code for `.mith` files; loaded only by the commands that need it. */
export async function loadPackedFiles(): Promise<PackedFiles> {
  const { openPackedFiles } = await import('../../shared/adapters/native/packed-files.ts');
  return openPackedFiles();
}

export interface PackedWork {
  /** What the progress line says. */
  readonly label: string;
  /** The file that an error is about. */
  readonly subject: string;
  readonly base: readonly string[];
  readonly threads: number;
  readonly level?: Level;
}

/** Runs native work with progress and Ctrl-C, and says of an error which file it is about. */
export async function runPacked<Result>(
  session: Session,
  work: PackedWork,
  run: (options: PackedOptions) => Promise<Result>,
): Promise<Result> {
  const progress = session.terminal.progress(work.label);
  try {
    return await run({
      bases: work.base,
      threads: work.threads === 0 ? availableParallelism() : work.threads,
      level: work.level ?? 'default',
      onProgress: (done, total) => progress.update(done, total),
      signal: session.interruption.signal,
    });
  } catch (error) {
    throw aboutFile(error, work, session.interruption.signal.aborted);
  } finally {
    progress.end();
  }
}

/** The same error with the path in it, and advice where the file is the reason. */
export function aboutFile(
  error: unknown,
  work: Pick<PackedWork, 'subject' | 'base'>,
  isAborted: boolean,
): Error {
  if (isAborted || readCode(error) === 'Cancelled') return new Interrupted('interrupted');
  if (error instanceof CliError) return error;
  const { message, advice, exitCode } = describeFailure(error);
  const isBad = exitCode === EXIT.corruption;
  const bases = work.base.length > 0 ? ` (base ${work.base.join(', ')})` : '';
  return new CliError(`${work.subject}: ${message}${isBad ? bases : ''}`, {
    advice: adviceFor(message, work.base) ?? advice,
    exitCode,
    cause: error,
  });
}

/** Better advice than the error's code alone allows. */
function adviceFor(message: string, bases: readonly string[]): string | null {
  if (message.includes('no .mith file')) {
    return 'Make one with: mithril ckpt compress FILE. If it was one, copy it again.';
  }
  if (!message.includes('the base of')) return null;
  return bases.length === 0
    ? 'It is a delta: name the checkpoint that it was made from with --base.'
    : 'None of the files given with --base is the one that it was made from.';
}

export function explainStatistics(stats: SegmentStats): string {
  const parts = [
    ['identical to the base', stats.identicalBytes],
    ['as difference to the base', stats.deltaBytes],
    ['by itself', stats.standaloneBytes],
    ['not compressible', stats.rawBytes],
  ] as const;
  const shown = parts.filter(([, bytes]) => bytes > 0);
  return shown.map(([name, bytes]) => `${formatBytes(bytes)} ${name}`).join(', ') || 'empty';
}
