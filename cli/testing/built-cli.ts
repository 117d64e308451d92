import { type ChildProcess, spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { cliBundleOptions } from '../../scripts/build-cli.mjs';

const ROOT = resolve(import.meta.dirname, '..', '..');

/** The command line, bundled as it ships, run as a process of its own. */
export interface BuiltCli {
  readonly inputs: BundleInputs;
  run(args: readonly string[], options?: RunOptions): Promise<Ended>;
  start(args: readonly string[], options?: RunOptions): Started;
  remove(): Promise<void>;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** File that is piped into standard input; without it that is empty. */
  readonly input?: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Source files that each bundled file was made from, to see what is loaded at once. */
export type BundleInputs = Readonly<
  Record<string, { readonly inputs: readonly string[]; readonly staticImports: readonly string[] }>
>;

/** As it ships, into a folder of its own inside the clone. */
export async function buildCli(): Promise<BuiltCli> {
  const outdir = join(ROOT, 'dist', `test-cli-${process.pid}`);
  const result = await build(cliBundleOptions(outdir));
  const inputs = Object.entries(result.metafile.outputs).map(([file, output]) => [
    file,
    {
      inputs: Object.keys(output.inputs),
      staticImports: output.imports
        .filter((it) => it.kind === 'import-statement')
        .map((it) => it.path),
    },
  ]);
  return {
    inputs: Object.fromEntries(inputs),
    run: (args, options) => startCli(outdir, args, options).ended,
    start: (args, options) => startCli(outdir, args, options),
    remove: () => rm(outdir, { recursive: true, force: true }),
  };
}

/** `npm run coverage` counts the lines that this process runs, too. */
function coverageVariables(): Readonly<Record<string, string>> {
  const folder = process.env['NODE_V8_COVERAGE'];
  return folder === undefined ? {} : { NODE_V8_COVERAGE: folder };
}

function startCli(outdir: string, args: readonly string[], options: RunOptions = {}): Started {
  const child = spawn(process.execPath, [join(outdir, 'mithril.js'), ...args], {
    cwd: options.cwd ?? ROOT,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: '/nonexistent',
      ...coverageVariables(),
      AWS_EC2_METADATA_DISABLED: 'true',
      ...options.env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // The program may end before it has read everything.
  child.stdin.on('error', () => {});
  if (options.input === undefined) child.stdin.end();
  else createReadStream(options.input).pipe(child.stdin);
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const ended = new Promise<Ended>((done, failed) => {
    child.once('error', failed);
    child.once('close', (code, signal) => done({ code, signal, ...output }));
  });
  return { child, ended };
}
