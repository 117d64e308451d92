import type { StackClients } from '../aws/stack-clients.ts';
import { describeFailure, readCode } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import type { Command, Session } from '../session.ts';
import { readSettings } from '../settings/read-settings.ts';
import type { Settings } from '../settings/settings.ts';
import { type Check, type CheckResult, warn } from './check.ts';
import { machineChecks } from './machine-checks.ts';

const MARKS = { ok: 'OK  ', warn: 'WARN', fail: 'FAIL' } as const;

interface NamedResult extends CheckResult {
  readonly name: string;
}

/** `mithril doctor`: one line a check; exit code 1 if something that is needed is missing. */
export const doctor: Command = async (session, _args, given) => {
  const settings = readSettings(session, given);
  const results: NamedResult[] = [];
  const show = (result: NamedResult): void => {
    results.push(result);
    session.terminal.line(`${MARKS[result.kind]}  ${result.name}: ${result.text}`);
    for (const line of result.advice.split('\n').filter((it) => it !== '')) {
      session.terminal.line(`      → ${line}`);
    }
  };
  for (const check of machineChecks(session, settings)) show(await perform(check));
  if (settings.host === 'aws') await checkAws(session, settings, show);
  const isOk = results.every((result) => result.kind !== 'fail');
  if (session.terminal.isJson) {
    session.terminal.result('', { command: 'doctor', isOk, checks: results });
  }
  return isOk ? EXIT.ok : EXIT.failure;
};

/** All else needs credentials, so that without them one line says it. */
async function checkAws(
  session: Session,
  settings: Settings,
  show: (result: NamedResult) => void,
): Promise<void> {
  const { withStackClients } = await import('../aws/stack-clients.ts');
  await withStackClients(settings, async (clients) => {
    if (!(await checkCaller(clients, settings, show))) return;
    const { awsChecks } = await import('./aws-checks.ts');
    for (const check of awsChecks(clients, settings)) {
      session.interruption.signal.throwIfAborted();
      show(await perform(check));
    }
  });
}

async function checkCaller(
  { sts }: StackClients,
  settings: Settings,
  show: (result: NamedResult) => void,
): Promise<boolean> {
  const { describeCaller, judgeNoCaller, readCaller } = await import('./credentials.ts');
  const { judgeClock } = await import('./judge-account.ts');
  const name = 'AWS credentials';
  try {
    const caller = await readCaller(sts);
    show({ name, ...describeCaller(caller) });
    if (caller.awsMs !== null) show({ name: 'clock', ...judgeClock(Date.now(), caller.awsMs) });
    return true;
  } catch (error) {
    show({ name, ...judgeNoCaller(error, settings) });
    return false;
  }
}

const REFUSED = /^(?:AccessDenied|AccessDeniedException|Forbidden|UnauthorizedOperation|403)$/u;

async function perform(check: Check): Promise<NamedResult> {
  const { name, right } = check;
  try {
    return { name, ...(await check.run()) };
  } catch (error) {
    const names = [error instanceof Error ? error.name : '', readCode(error)];
    if (right !== undefined && names.some((it) => REFUSED.test(it))) {
      return { name, ...warn('you may not look', `The check needs ${right}.`) };
    }
    const { message, advice } = describeFailure(error);
    return { name, kind: 'fail', text: message, advice };
  }
}
