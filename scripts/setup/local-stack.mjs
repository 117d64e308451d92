// Step: the Python environment of MiniStack, the local stand-in for AWS.
import { SetupError } from '../system/process.mjs';
import { ensureMiniStack, locateMiniStack } from './ministack.mjs';

export const localStack = {
  name: 'ministack',
  title: 'MiniStack (local AWS)',
  needs: ['prerequisites'],
  // Without it Mithril still runs on one machine without AWS: `npm start` then says so.
  optional: true,
  async staleBecause() {
    return locateMiniStack().ready ? null : 'not installed yet, about 30 MB';
  },
  async run({ line }) {
    try {
      await ensureMiniStack({ onLog: line });
    } catch (error) {
      throw new SetupError(error.message, { cause: error });
    }
  },
};
