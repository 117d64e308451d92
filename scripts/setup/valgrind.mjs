// Valgrind, which counts instructions for the regression gate: the machine's own or Debian's.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { ensureDebianTool } from './debian-tool.mjs';

/** Returns { program, env, version }. */
export async function ensureValgrind({ line }) {
  const installed = versionOf('valgrind', process.env);
  if (installed !== null) return { program: 'valgrind', env: {}, version: installed };
  const folder = await ensureDebianTool('valgrind', { line });
  const env = { VALGRIND_LIB: path.join(folder, 'usr', 'libexec', 'valgrind') };
  const program = path.join(folder, 'usr', 'bin', 'valgrind.bin');
  return { program, env, version: versionOf(program, { ...process.env, ...env }) };
}

function versionOf(program, env) {
  try {
    return execFileSync(program, ['--version'], { env, encoding: 'utf8' }).trim();
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}
