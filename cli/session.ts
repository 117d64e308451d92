import type { Interruption } from './interruption.ts';
import type { Terminal } from './terminal.ts';

/** What a command gets from its process; read once, in main.ts. */
export interface Session {
  readonly terminal: Terminal;
  readonly interruption: Interruption;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** A command: its positional arguments and options as the person wrote them. */
export type Command = (
  session: Session,
  args: readonly string[],
  options: unknown,
) => Promise<number>;
