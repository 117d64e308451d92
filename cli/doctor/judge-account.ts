import { WORKERS_DEFAULT } from '../../shared/contracts/limits.ts';
import type { FunctionFacts } from '../aws/read-functions.ts';
import { formatCount } from '../text/quantity.ts';
import { type CheckResult, fail, ok, warn } from './check.ts';

export interface AccountFacts {
  /** Functions that may run at once in this account and Region. */
  readonly limit: number;
  /** Of those, what no function has reserved. */
  readonly unreserved: number;
}

/** Lambda keeps so many for functions without a reservation. */
const UNRESERVED_MIN = 100;
const WORKERS_OF_NEW_ACCOUNT = 5;
const SECOND_MS = 1_000;
const SKEW_SECONDS_WARN = 30;
/** AWS refuses signatures that are older. */
const SKEW_SECONDS_MAX = 300;

/** Whether the account lets the stack run; `functions` is null before the first deployment. */
export function judgeConcurrency(
  { limit, unreserved }: AccountFacts,
  functions: readonly FunctionFacts[] | null,
): CheckResult {
  const text = `${formatCount(limit)} functions at once, ${formatCount(unreserved)} of them unreserved`;
  const ask = 'Ask for 1,000: Service Quotas, AWS Lambda, "Concurrent executions" (L-B99A9384).';
  if (functions === null) {
    // Reserved twice: for encode and for verify.
    const needed = 2 * WORKERS_DEFAULT + UNRESERVED_MIN;
    return unreserved >= needed
      ? ok(text)
      : fail(
          `${text}; the default configuration reserves ${2 * WORKERS_DEFAULT} and leaves ${UNRESERVED_MIN}`,
          `${ask}\nUntil then deploy with ${fittingConcurrency(unreserved)} in mithril.config.json.`,
        );
  }
  const reserved = functions.reduce((sum, it) => sum + (it.reserved ?? 0), 0);
  if (limit < UNRESERVED_MIN) {
    return warn(`${text}: the limit of a new account, shared by all of its functions`, ask);
  }
  return ok(`${text}; the stack reserves ${formatCount(reserved)}`);
}

function fittingConcurrency(unreserved: number): string {
  const workers = Math.floor((unreserved - UNRESERVED_MIN) / 2);
  return workers >= 1
    ? `"concurrency": {"workers": ${workers}}`
    : `"concurrency": {"workers": ${WORKERS_OF_NEW_ACCOUNT}, "reserved": false}`;
}

/** How far the clock of this machine is from that of AWS; to the second. */
export function judgeClock(localMs: number, awsMs: number): CheckResult {
  const seconds = Math.abs(Math.round((localMs - awsMs) / SECOND_MS));
  const direction = localMs > awsMs ? 'fast' : 'slow';
  if (seconds < SKEW_SECONDS_WARN) return ok(`within ${SKEW_SECONDS_WARN} s of AWS`);
  const text = `this machine is ${formatCount(seconds)} s ${direction}`;
  const advice = 'Set it by NTP, for example: sudo timedatectl set-ntp true';
  return seconds < SKEW_SECONDS_MAX
    ? warn(text, advice)
    : fail(`${text}; AWS refuses what it signs`, advice);
}
