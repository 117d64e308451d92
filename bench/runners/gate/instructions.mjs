// Instructions, counted by valgrind: the same for the same program, however busy the machine is.
import fs from 'node:fs';
import path from 'node:path';
import { run, runAll } from '../../../scripts/system/process.mjs';
import { KERNEL_BYTES, KERNELS, REPEATS, ROWS } from '../../definitions/gate.mjs';
import { makeTexts } from './inputs.mjs';

const AT_ONCE = 2;

/** Instructions for each byte of the codec's kernels and for each row of dedup, by figure name. */
export async function countInstructions({ valgrind, codec, dedup, work, kernels = KERNELS }) {
  const counts = [
    ...kernels.map((kernel) => ({
      name: `codec ${kernel}`,
      units: KERNEL_BYTES * (REPEATS[1] - REPEATS[0]),
      unit: 'instructions/byte',
      runs: REPEATS.map((repeats) => [codec, kernel, `${repeats}`]),
    })),
    {
      name: 'dedup rows',
      units: ROWS[1] - ROWS[0],
      unit: 'instructions/row',
      runs: ROWS.map((rows) => {
        const output = path.join(work, `out-${rows}.jsonl`);
        return [dedup, makeTexts(work, rows), output];
      }),
    },
  ];
  const tasks = counts
    .flatMap(({ runs }) => runs)
    .map((program, at) => () => count(valgrind, program, path.join(work, `count-${at}.log`)));
  const results = await runAll(tasks, AT_ONCE);
  return Object.fromEntries(
    counts.map(({ name, units, unit }, at) => {
      const value = (results[2 * at + 1] - results[2 * at]) / units;
      return [name, { kind: 'instructions', unit, value }];
    }),
  );
}

async function count({ program, env }, command, log) {
  const options = ['--tool=callgrind', '--callgrind-out-file=/dev/null', `--log-file=${log}`];
  await run(program, [...options, ...command], { env: { ...process.env, ...env } });
  const found = /Collected : (\d+)/.exec(fs.readFileSync(log, 'utf8'))?.[1];
  fs.rmSync(log);
  if (found === undefined) throw new Error(`valgrind counted nothing of ${command[0]}`);
  return Number(found);
}
