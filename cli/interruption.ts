import { EXIT, type ExitCode } from './exit-code.ts';

/** How long running work may take to end by itself after Ctrl-C. */
const GRACE_MS = 5_000;

/**
 * Ctrl-C and its relatives. The first signal aborts `signal`, so that the work ends and cleans up;
 * the second one, or the end of the grace time, runs the clean-ups that are left and exits.
 */
export interface Interruption {
  readonly signal: AbortSignal;
  readonly exitCode: ExitCode | null;
  /** Runs `cleanUp` (synchronous) if the process has to exit at once. Returns the undo. */
  onExit(cleanUp: () => void): () => void;
}

export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  const cleanUps = new Set<() => void>();
  let exitCode: ExitCode | null = null;
  const exitNow = (): void => {
    for (const cleanUp of cleanUps) cleanUp();
    process.exit(exitCode ?? EXIT.interrupted);
  };
  const handle = (code: ExitCode) => (): void => {
    if (exitCode !== null) return exitNow();
    exitCode = code;
    controller.abort();
    setTimeout(exitNow, GRACE_MS).unref();
  };
  process.on('SIGINT', handle(EXIT.interrupted));
  process.on('SIGTERM', handle(EXIT.terminated));
  process.on('SIGHUP', handle(EXIT.terminated));
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    onExit: (cleanUp) => {
      cleanUps.add(cleanUp);
      return () => void cleanUps.delete(cleanUp);
    },
  };
}
