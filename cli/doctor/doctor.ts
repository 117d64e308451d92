import { describeFailure } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import type { Command } from '../session.ts';
import { readSettings } from '../settings/read-settings.ts';
import { type Check, type CheckResult, checksOf } from './checks.ts';

const MARKS = { ok: 'OK  ', note: 'note', problem: 'FAIL' } as const;

/** `mithril doctor`: one line a check; exit code 1 if something that is needed is missing. */
export const doctor: Command = async (session, _args, given) => {
  const settings = readSettings(session, given);
  const results: (CheckResult & { readonly name: string })[] = [];
  for (const check of checksOf(session, settings)) {
    const result = { name: check.name, ...(await perform(check)) };
    results.push(result);
    session.terminal.line(`${MARKS[result.kind]}  ${result.name}: ${result.text}`);
    if (result.advice !== '') session.terminal.line(`      → ${result.advice}`);
  }
  const isOk = results.every((result) => result.kind !== 'problem');
  if (session.terminal.isJson) {
    session.terminal.result('', { command: 'doctor', isOk, checks: results });
  }
  return isOk ? EXIT.ok : EXIT.failure;
};

async function perform(check: Check): Promise<CheckResult> {
  try {
    return await check.run();
  } catch (error) {
    const { message, advice } = describeFailure(error);
    return { kind: 'problem', text: message, advice };
  }
}
