// The options of a runner.
import { parseArgs } from 'node:util';
import { SetupError } from '../../../scripts/system/process.mjs';

/** What `parseArgs` finds; a mistake of the person ends in `advice`. */
export function readOptions(options, { advice, allowPositionals = false }) {
  try {
    return parseArgs({ options, allowPositionals });
  } catch (error) {
    throw new SetupError(error.message, { advice });
  }
}
