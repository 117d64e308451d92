import { VERSION } from '../../shared/contracts/version.ts';
import type { StackFacts } from '../aws/read-stack.ts';
import { formatCount } from '../text/quantity.ts';

export interface MachineFacts {
  readonly name: string;
  /** Names of executions, at most 1,000. */
  readonly running: readonly string[];
  /** Of the last 24 hours. */
  readonly failed: readonly string[];
}

export interface QueueFacts {
  readonly kind: 'events' | 'dead letters';
  readonly waiting: number;
  readonly inFlight: number;
}

export interface StatusFacts {
  readonly stack: StackFacts;
  readonly functions: number;
  readonly machines: readonly MachineFacts[];
  readonly queues: readonly QueueFacts[];
}

const NAMED_MAX = 3;

/** What a person sees of a deployed stack, and where to look next. */
export function describeStatus({ stack, functions, machines, queues }: StatusFacts): string {
  const { name, status, changedMs, parameters, outputs } = stack;
  const changed = new Date(changedMs).toISOString().slice(0, 16).replace('T', ' ');
  const workers = parameters['Workers'] ?? '0';
  const rows: (readonly [string, string])[] = [
    ['version', `${outputs['Version'] ?? 'unknown'} (this command ${VERSION})`],
    ['switch', parameters['Enabled'] ?? 'unknown'],
    ['workers', workers === '0' ? 'as configured' : `${workers} at once (parameter Workers)`],
    ['functions', formatCount(functions)],
    ...machines.map((it) => [it.name, describeMachine(it)] as const),
    ...queues.map((it) => [it.kind, describeQueue(it)] as const),
    ['cache', outputs['CacheUrl'] ?? 'not deployed'],
    ['dashboard', outputs['DashboardUrl'] ?? ''],
    ['next', nextOf(machines, queues)],
  ];
  return [
    `${name} in ${outputs['Region'] ?? 'this Region'}: ${status}, changed ${changed} UTC`,
    ...rows.map(([title, text]) => `  ${title.padEnd(12)} ${text}`),
  ].join('\n');
}

function describeMachine({ running, failed }: MachineFacts): string {
  const runs = `${formatCount(running.length)} running`;
  if (failed.length === 0) return `${runs}, none failed in 24 hours`;
  const named = failed.slice(0, NAMED_MAX).join(', ');
  return `${runs}, ${formatCount(failed.length)} failed in 24 hours: ${named}${failed.length > NAMED_MAX ? ', ...' : ''}`;
}

const describeQueue = ({ waiting, inFlight }: QueueFacts): string =>
  `${formatCount(waiting)} waiting, ${formatCount(inFlight)} being taken`;

function nextOf(machines: readonly MachineFacts[], queues: readonly QueueFacts[]): string {
  if (queues.some(({ kind, waiting }) => kind === 'dead letters' && waiting > 0)) {
    return 'docs/runbook.md, "Dead letters"';
  }
  const failed = machines.find((it) => it.failed.length > 0);
  if (failed === undefined) return 'mithril doctor   (is all as it should be)';
  const section = { restore: 'Failed restores', dedup: 'Failed dedup jobs' }[failed.name];
  return `docs/runbook.md, "${section ?? 'Failed executions'}"`;
}
