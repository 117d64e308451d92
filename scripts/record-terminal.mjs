#!/usr/bin/env node
// Writes docs/pictures/npm-start.svg: a recording of `npm start`, from a real run.
//
//   node scripts/record-terminal.mjs            runs npm start and records it
//   node scripts/record-terminal.mjs --out FILE -- COMMAND...
//
// What is printed is printed by the run; only waiting is shortened (GAP_SECONDS_MAX).
import { spawn } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { drawRecording } from './record/draw-recording.mjs';
import { setUp } from './setup.mjs';
import { ROOT, writeWhole } from './system/cache.mjs';
import { SetupError } from './system/process.mjs';
import { asProgram } from './system/program.mjs';

const { values, positionals } = parseArgs({
  options: {
    out: { type: 'string', default: path.join(ROOT, 'docs', 'pictures', 'npm-start.svg') },
  },
  allowPositionals: true,
});

/** Runs the command and keeps its lines with the second at which each came. */
function record(words) {
  const startedMs = performance.now();
  const lines = [{ text: `$ ${titleOf(words)}`, second: 0 }];
  return new Promise((resolve, reject) => {
    // One pipe for both streams, so that the lines keep their order.
    const child = spawn('sh', ['-c', 'exec "$@" 2>&1', 'sh', ...words], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      process.stdout.write(text);
      const whole = `${rest}${text}`.split('\n');
      rest = whole.pop() ?? '';
      const second = (performance.now() - startedMs) / 1000;
      for (const line of whole) lines.push({ text: line, second });
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(lines);
      else reject(new SetupError(`${words.join(' ')} ended with ${code}: nothing was recorded`));
    });
  });
}

const titleOf = (words) => words.filter((word) => word !== '--silent').join(' ');

/** Names of this machine and of this run say nothing to others. */
const anonymous = ({ text, second }) => ({
  text: text
    .replaceAll(process.env.HOME ?? '/root', '~')
    .replaceAll(/s3:\/\/[\w-]*bucket[\w-]*\//gu, 's3://BUCKET/'),
  second,
});

await asProgram(async () => {
  await setUp(['start']); // what it prints is of no interest later
  const words = positionals.length > 0 ? positionals : ['npm', 'start', '--silent'];
  const lines = await record(words);
  const date = new Date().toISOString().slice(0, 10);
  const out = path.resolve(values.out);
  writeWhole(out, drawRecording(lines.map(anonymous), { title: `${titleOf(words)}, ${date}` }));
  process.stderr.write(`Written: ${path.relative(process.cwd(), out)}\n`);
});
