import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../files/run-program.ts';
import type { Session } from '../session.ts';
import type { Settings } from '../settings/settings.ts';
import { type Check, type CheckResult, fail, ok, warn } from './check.ts';

const NODE_MAJOR_MIN = 20;
const NODE_MINOR_MIN = 19;
const PROBE_TIMEOUT_MS = 10_000;

/** What needs no AWS. */
export function machineChecks(session: Session, settings: Settings): readonly Check[] {
  return [
    { name: 'node', run: checkNode },
    { name: 'native module', run: checkNative },
    { name: 'python', run: () => checkPython(session) },
    { name: 'local stack', run: checkLocalStack },
    { name: 'settings', run: () => Promise.resolve(checkSettings(settings)) },
  ];
}

function checkNode(): Promise<CheckResult> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNew = major > NODE_MAJOR_MIN || (major === NODE_MAJOR_MIN && minor >= NODE_MINOR_MIN);
  const text = `${process.versions.node} (${process.platform}-${process.arch})`;
  return Promise.resolve(
    isNew ? ok(text) : fail(text, `Install Node ${NODE_MAJOR_MIN}.${NODE_MINOR_MIN} or newer.`),
  );
}

async function checkNative(): Promise<CheckResult> {
  const { loadPackedFiles } = await import('../ckpt/packed.ts');
  const startedMs = performance.now();
  try {
    await loadPackedFiles();
    return ok(`loaded in ${Math.round(performance.now() - startedMs)} ms`);
  } catch (error) {
    return fail(
      error instanceof Error ? error.message : String(error),
      'Build it: npm run build:native',
    );
  }
}

async function checkPython(session: Session): Promise<CheckResult> {
  try {
    const version = await runProgram({
      command: 'python3',
      args: ['--version'],
      signal: session.interruption.signal,
      timeoutMs: PROBE_TIMEOUT_MS,
    });
    return ok(version.trim());
  } catch {
    return warn('not found', 'Only the local stack needs it: install Python 3.11 or newer.');
  }
}

async function checkLocalStack(): Promise<CheckResult> {
  const [{ findProject }, { isMiniStackReady }, { readLocalStackStatus }] = await Promise.all([
    import('../local/project.ts'),
    import('../local/ministack.ts'),
    import('../../shared/adapters/local-stack/local-stack.ts'),
  ]);
  const project = findProject();
  if (!(await isMiniStackReady(project))) {
    return warn('MiniStack is not installed', 'npm start and mithril local up install it.');
  }
  if (!existsSync(join(project.root, 'layers', 'native', 'dist'))) {
    return warn('the Lambda layers are not built', 'npm start builds them.');
  }
  const status = await readLocalStackStatus(project.localFolder);
  if (status.kind === 'running') return ok(`runs at ${status.record.endpoint}`);
  if (status.kind === 'unresponsive') return fail('does not answer', 'mithril local down');
  return ok('installed, not running');
}

function checkSettings(settings: Settings): CheckResult {
  const files = settings.origins.filter((origin) => origin.endsWith('.toml'));
  const from = files.length > 0 ? files.join(', ') : 'no mithril.toml';
  if (settings.host === 'one-machine') return ok(`one-machine host (${from})`);
  if (settings.storeBucket !== null && settings.table !== null) {
    return ok(`store ${settings.storeBucket}, table ${settings.table} (${from})`);
  }
  return warn(
    `${from}: files work, s3:// URIs need a stack`,
    'After cdk deploy: mithril stack config --stack NAME',
  );
}
