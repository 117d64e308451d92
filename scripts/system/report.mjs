// What a person sees while set-up works: one line per step, a time, and signs of life.
import { stripVTControlCharacters } from 'node:util';

const REFRESH_MS = 120;
const HEARTBEAT_MS = 15_000;
const FRAMES = ['|', '/', '-', '\\'];

/** Seconds with one decimal, for people. */
export const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/**
 * Reports one step. On a terminal the line is redrawn with the time and the child's last line;
 * elsewhere a start line, a heartbeat and an end line are written.
 */
export function startReport({ title, reason, out = process.stderr }) {
  const started = performance.now();
  const elapsed = () => performance.now() - started;
  let last = '';
  let frame = 0;
  if (!out.isTTY) out.write(`  ${title} (${reason}) ...\n`);
  const draw = () => {
    const head = `  ${FRAMES[frame++ % FRAMES.length]} ${title} (${reason}) ${seconds(elapsed())}`;
    const width = (out.columns ?? 80) - 1;
    out.write(`\r\x1b[2K${`${head}  ${last}`.slice(0, width)}`);
  };
  const beat = () => out.write(`    ${title}: still working, ${seconds(elapsed())}  ${last}\n`);
  const timer = setInterval(out.isTTY ? draw : beat, out.isTTY ? REFRESH_MS : HEARTBEAT_MS);
  const end = (mark, text) => {
    clearInterval(timer);
    out.write(`${out.isTTY ? '\r\x1b[2K' : ''}  ${mark} ${title}: ${text} ${seconds(elapsed())}\n`);
    return elapsed();
  };
  return {
    line: (text) => {
      last = stripVTControlCharacters(text).trim().slice(0, 100);
    },
    done: () => end('\u2713', 'done in'),
    failed: () => end('\u2717', 'failed after'),
  };
}
