import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../files/run-program.ts';
import type { Project } from './project.ts';

const SYNTH_DEADLINE_MS = 180_000;
const STAMP = 'sources.sha256';
/** What the template is made from; layers hold the native code. */
const SOURCES = ['infra', 'functions', 'shared', 'layers'];
const FILES = ['cdk.json', 'mithril.config.json', 'package-lock.json'];
const SKIPPED = new Set(['local-stack', '__snapshots__']);

export interface Assembly {
  readonly folder: string;
  readonly isReused: boolean;
}

/** The defaults, and the compile cache, which a team opts into. */
const CONTEXT = ['--context', 'mithril:local=true', '--context', 'mithril:cache={}'];

/** `cdk synth` for the local stack; reused while nothing that it reads has changed. */
export async function synthesise(
  project: Project,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<Assembly> {
  const folder = join(project.localFolder, 'cdk.out');
  const stamp = join(folder, STAMP);
  const digest = digestOf(project.root);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) {
    return { folder, isReused: true };
  }
  await rm(folder, { recursive: true, force: true });
  const cdk = join(project.root, 'node_modules', 'aws-cdk', 'bin', 'cdk');
  const flags = ['--quiet', ...CONTEXT, '--output', folder];
  await runProgram({
    command: process.execPath,
    args: [cdk, 'synth', ...flags],
    cwd: project.root,
    env: {
      ...env,
      CDK_DISABLE_VERSION_CHECK: '1',
      CDK_VALIDATION: 'false', // 8 s of CPU; `npm run synth` and the deploy check the template
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    signal,
    timeoutMs: SYNTH_DEADLINE_MS,
    onLine,
  });
  await writeFile(stamp, digest);
  return { folder, isReused: false };
}

function digestOf(root: string): string {
  const hash = createHash('sha256').update(CONTEXT.join(' '));
  const paths = [...SOURCES.flatMap((name) => filesBelow(root, name)), ...FILES];
  for (const path of paths.toSorted()) {
    const file = join(root, path);
    if (existsSync(file)) hash.update(`${path}\n`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function filesBelow(root: string, folder: string): string[] {
  const place = join(root, folder);
  if (!existsSync(place)) return [];
  return readdirSync(place, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (SKIPPED.has(entry.name) || entry.name.endsWith('.test.ts')) return [];
    return entry.isDirectory() ? filesBelow(root, path) : [path];
  });
}
