import { CliError } from '../../cli-error.ts';
import { type Program, runProgram } from '../../files/run-program.ts';
import type { Compiler } from './cached-compiler.ts';

/** In the order of preference, as set-up looks for them. */
const NAMES = ['c++', 'g++', 'clang++'];
const FLAGS = ['-O2', '-std=c++17'];
const DEADLINE_MS = 120_000;

/** The C++ compiler of this machine; null where there is none. */
export async function findCompiler(signal: AbortSignal): Promise<OwnCompiler | null> {
  for (const name of NAMES) {
    const compiler = await openCompiler(name, signal).catch((error: unknown) => {
      if (error instanceof CliError && !signal.aborted) return null;
      throw error;
    });
    if (compiler !== null) return compiler;
  }
  return null;
}

export interface OwnCompiler extends Compiler {
  readonly title: string;
  /** Links the object file, runs the program and returns what it prints. */
  runObject(object: string, program: string): Promise<string>;
}

async function openCompiler(name: string, signal: AbortSignal): Promise<OwnCompiler> {
  const run = (command: string, args: readonly string[]): Promise<string> => {
    const program: Program = { command, args, signal, timeoutMs: DEADLINE_MS };
    return runProgram(program);
  };
  const version = await run(name, ['--version']);
  const target = await run(name, ['-dumpmachine']);
  return {
    title: version.split('\n')[0] ?? name,
    identity: `${version}\n${target}`,
    flags: FLAGS,
    // -P: without the paths of this machine.
    preprocess: (source) => run(name, [...FLAGS, '-E', '-P', source]),
    compile: async (source, object) => {
      await run(name, [...FLAGS, '-c', source, '-o', object]);
    },
    runObject: async (object, program) => {
      await run(name, [object, '-o', program]);
      return (await run(program, [])).trim();
    },
  };
}
