import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..');
export const EXAMPLES = join(ROOT, 'docs', 'examples');
/** Environments of `npm run setup -- test python-ml`. */
export const PYTHON = join(ROOT, '.setup', 'python', 'bin', 'python');
export const PYTHON_ML = join(ROOT, '.setup', 'python-ml', 'bin', 'python');

/** A folder for an example's work, and a PATH on which `mithril` is the built command. */
export interface Place {
  readonly work: string;
  run(command: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
  remove(): void;
}

export function makePlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'mithril-example-'));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const program = join(bin, 'mithril');
  const command = join(ROOT, 'dist', 'cli', 'mithril.js');
  writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${command}" "$@"\n`);
  chmodSync(program, 0o755);
  const home = join(folder, 'home');
  mkdirSync(home);
  return {
    work: join(folder, 'work'),
    run: (words, env = {}) => {
      const own = env['PATH'] ?? process.env['PATH'] ?? '';
      return run(words, { ...process.env, HOME: home, ...env, PATH: `${bin}${delimiter}${own}` });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What it prints; a failure throws with it. */
function run([program = '', ...args]: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${program} ${args.join(' ')} ended with ${code}:\n${output}`));
    });
  });
}

/** A PATH on which the program lies, before all others. */
export const pathWith = (program: string): string =>
  `${dirname(program)}${delimiter}${process.env['PATH'] ?? ''}`;
