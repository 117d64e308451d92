// Headless Chromium of Debian, for the test of the dashboard.
import fs from 'node:fs';
import path from 'node:path';
import { SetupError } from '../system/process.mjs';
import { debianToolEnvironment, ensureDebianTool } from './debian-tool.mjs';

const PROGRAM = ['usr', 'lib', 'chromium', 'chromium-headless-shell'];

/** Returns { program, env }: what starts the browser. Some 200 MB are fetched once. */
export async function ensureChromium({ line }) {
  const folder = await ensureDebianTool('chromium-headless-shell', { line });
  const program = path.join(folder, ...PROGRAM);
  if (!fs.existsSync(program)) throw new SetupError(`${folder} has no ${PROGRAM.at(-1)}`);
  return { program, env: debianToolEnvironment(folder) };
}
