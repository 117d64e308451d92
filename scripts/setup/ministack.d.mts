export type SetupErrorCode =
  | 'no-python'
  | 'no-venv'
  | 'no-network'
  | 'install-failed'
  | 'interrupted';

/** A reason for which the local stack cannot run here, written for the person at the terminal. */
export class SetupError extends Error {
  readonly code: SetupErrorCode;
}

export interface MiniStackLocation {
  readonly folder: string;
  /** The interpreter of the environment. */
  readonly python: string;
  /** The pinned version of MiniStack. */
  readonly version: string;
  readonly ready: boolean;
}

export function locateMiniStack(env?: NodeJS.ProcessEnv): MiniStackLocation;

export function ensureMiniStack(options?: {
  readonly onLog?: (line: string) => void;
  readonly env?: NodeJS.ProcessEnv;
}): Promise<MiniStackLocation & { readonly created: boolean; readonly seconds: number }>;
