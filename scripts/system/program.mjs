// What every script does when it is run as a program.
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { endChildrenOnSignals, SetupError } from './process.mjs';

/** True when the module of this import.meta.url is the program that Node was started with. */
export function isProgram(url) {
  const started = process.argv[1];
  return started !== undefined && fs.realpathSync(started) === fs.realpathSync(fileURLToPath(url));
}

/** Runs `main`: children end with this process, a failure is explained and makes the exit code 1. */
export async function asProgram(main) {
  const undo = endChildrenOnSignals();
  try {
    await main();
  } catch (error) {
    printFailure(error);
    process.exitCode = 1;
  } finally {
    undo();
  }
}

/** Writes what went wrong, what the program that failed wrote, and what to do. */
export function printFailure(error, out = process.stderr) {
  if (!(error instanceof SetupError)) {
    out.write(`${error.stack ?? error}\n`);
    return;
  }
  out.write(`\n${error.message}\n`);
  if (error.tail.length > 0) {
    out.write('\nIt wrote:\n');
    for (const line of error.tail) out.write(`  | ${line}\n`);
  }
  if (error.advice) out.write(`\n${error.advice}\n`);
}
