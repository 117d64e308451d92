// The servers that are measured, each as a process of its own.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { debianToolEnvironment, ensureDebianTool } from '../../../scripts/setup/debian-tool.mjs';
import { SetupError } from '../../../scripts/system/process.mjs';
import { COMMAND, capture, definition } from '../shared/programs.mjs';

const START_MS_MAX = 20_000;

/** A write token of the cache in `folder`, fast enough to be no limit. */
export function createToken(folder) {
  const rights = ['--namespace', 'bench', '--write', '--rate', '100000'];
  const made = capture(process.execPath, [
    COMMAND,
    'cache',
    'token',
    'create',
    '--dir',
    folder,
    ...rights,
    '--format',
    'json',
    '-q',
  ]);
  return JSON.parse(made).token;
}

export const startMithril = (folder) =>
  startPrinting(process.execPath, [COMMAND, 'cache', 'serve', '--dir', folder, '--port', '0']);

/** Ours with a delay before the first byte of every blob. */
export const startDelayed = (folder, milliseconds) =>
  startPrinting(process.execPath, [
    '--import',
    'tsx',
    definition('delayed_cache_server.ts'),
    folder,
    String(milliseconds),
  ]);

function startPrinting(program, args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((done, failed) => {
    let text = '';
    child.stdout.on('data', (data) => {
      text += data;
      const url = /on (http:\S+)/.exec(text)?.[1];
      if (url) done({ url, pid: child.pid, end: () => child.kill('SIGTERM') });
    });
    child.once('exit', () => failed(new SetupError(`${args.join(' ')} ended at once`)));
  });
}

/** nginx of Debian with WebDAV on a folder; null where there is none. */
export async function startNginx(folder, port) {
  const line = (text) => process.stderr.write(`${text}\n`);
  const tool = await ensureDebianTool('nginx-light', { line }).catch(() => null);
  if (tool === null) return null;
  for (const name of ['data', 'tmp']) fs.mkdirSync(path.join(folder, name), { recursive: true });
  const file = path.join(folder, 'nginx.conf');
  fs.writeFileSync(file, configuration(folder, port));
  const child = spawn(path.join(tool, 'usr/sbin/nginx'), ['-p', folder, '-c', file], {
    env: { ...process.env, ...debianToolEnvironment(tool) },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  await untilAnswers(url);
  return { url, pid: child.pid, end: () => child.kill('SIGTERM') };
}

/** Its own defaults are folders that only an installed package has. */
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

const configuration = (folder, port) => `
daemon off;
master_process off;
user root;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 256; }
http {
  access_log off;
  keepalive_requests 1000000;
  client_max_body_size 64m;
${TEMPORARY.map((name) => `  ${name}_temp_path ${folder}/tmp/${name};`).join('\n')}
  sendfile on;
  server {
    listen 127.0.0.1:${port};
    location / { root ${folder}/data; dav_methods PUT; create_full_put_path on; }
  }
}
`;

async function untilAnswers(url) {
  for (const deadline = Date.now() + START_MS_MAX; Date.now() < deadline; ) {
    const isUp = await new Promise((done) => {
      http
        .get(url, (response) => done(response.resume() && true))
        .on('error', () => setTimeout(() => done(false), 50));
    });
    if (isUp) return;
  }
  throw new SetupError(`${url} does not answer`);
}
