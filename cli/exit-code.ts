/** Exit codes of the command line; docs/cli.md lists them. */
export const EXIT = {
  ok: 0,
  /** It could not be done: a missing file, a refused request, a fault of the network. */
  failure: 1,
  /** The command line or a settings file is wrong; nothing was touched. */
  usage: 2,
  /** The bytes are not what they should be. */
  corruption: 3,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
