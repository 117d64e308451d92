export interface CheckResult {
  /** warn: it works, but something optional is missing or not as it should be. */
  readonly kind: 'ok' | 'warn' | 'fail';
  readonly text: string;
  /** What to do; empty where nothing is to be done. */
  readonly advice: string;
}

export interface Check {
  readonly name: string;
  /** The right that AWS asks for, where a person may lack it. */
  readonly right?: string;
  readonly run: () => Promise<CheckResult>;
}

export const ok = (text: string): CheckResult => ({ kind: 'ok', text, advice: '' });
export const warn = (text: string, advice: string): CheckResult => ({ kind: 'warn', text, advice });
export const fail = (text: string, advice: string): CheckResult => ({ kind: 'fail', text, advice });
