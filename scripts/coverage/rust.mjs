// Lines of Rust that cargo's tests run, by LLVM's instrumentation: cargo llvm-cov of a pinned
// version, with the tools of the same toolchain (rustup's component llvm-tools).
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { cargoVariables } from '../native/host-toolchain.mjs';
import { foundTools } from '../setup/prerequisites.mjs';
import { setUp } from '../setup.mjs';
import { cacheFolder, ROOT } from '../system/cache.mjs';
import { run, SetupError } from '../system/process.mjs';

const VERSION = '0.9.1';
const MANIFEST = path.join(ROOT, 'native', 'Cargo.toml');
const FOLDER = path.join(ROOT, 'coverage', 'rust');

/** Runs the tests of all crates; returns { covered, total, files }. */
export async function measureRust({ line }) {
  await setUp(['prerequisites']);
  const program = await ensureProgram(line);
  fs.mkdirSync(FOLDER, { recursive: true });
  const report = path.join(FOLDER, 'coverage.json');
  const args = ['llvm-cov', '--manifest-path', MANIFEST, '--workspace', '--release', '--locked'];
  const { CARGO_ENCODED_RUSTFLAGS, CARGO_TARGET_DIR } = cargoVariables();
  const env = {
    ...process.env,
    CARGO_ENCODED_RUSTFLAGS,
    CARGO_LLVM_COV_TARGET_DIR: `${CARGO_TARGET_DIR}-coverage`, // of this clone alone
  };
  const output = ['--json', '--summary-only', '--output-path', report];
  await run(program, [...args, ...output], { cwd: ROOT, env, onLine: line });
  return readReport(report);
}

async function ensureProgram(line) {
  const folder = cacheFolder('tools', `cargo-llvm-cov-${VERSION}`);
  const program = path.join(folder, 'bin', 'cargo-llvm-cov');
  await ensureTools(line);
  if (fs.existsSync(program)) return program;
  const args = ['install', 'cargo-llvm-cov', '--version', VERSION, '--locked', '--root', folder];
  await run(foundTools().cargo.file, args, {
    onLine: line,
    advice: 'Is the registry of Rust crates reachable?',
  });
  return program;
}

/** Profiles are read by the LLVM that wrote them. */
async function ensureTools(line) {
  const { rustc } = foundTools();
  const library = execFileSync(rustc.file, ['--print', 'target-libdir'], { encoding: 'utf8' });
  if (fs.existsSync(path.join(library.trim(), '..', 'bin', 'llvm-profdata'))) return;
  try {
    await run('rustup', ['component', 'add', 'llvm-tools'], { onLine: line });
  } catch (cause) {
    throw new SetupError('Coverage of Rust needs the llvm-tools of the toolchain', {
      advice: 'With rustup: rustup component add llvm-tools',
      cause,
    });
  }
}

function readReport(file) {
  const [{ files, totals }] = JSON.parse(fs.readFileSync(file, 'utf8')).data;
  return {
    covered: totals.lines.covered,
    total: totals.lines.count,
    files: files.map(({ filename, summary }) => ({
      name: path.relative(ROOT, filename),
      covered: summary.lines.covered,
      total: summary.lines.count,
    })),
  };
}
