import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Field 22 of /proc/PID/stat (proc(5)), counted after the command name, which may itself hold spaces. */
const START_TIME_FIELD_AFTER_NAME = 19;
const PS_TIMEOUT_MS = 5_000;

/**
 * A text that differs between two processes that had the same pid one after the other: the start time. Null when no such
 * process lives (a zombie counts as dead).
 */
export function readStartMark(pid: number): string | null {
  return process.platform === 'linux' ? readFromProc(pid) : readFromPs(pid);
}

function readFromProc(pid: number): string | null {
  const fields = readStat(pid);
  if (fields === null || isDead(fields)) return null;
  return fields[START_TIME_FIELD_AFTER_NAME] ?? null;
}

/** The fields of /proc/PID/stat from the third on: state, parent, process group ... */
function readStat(pid: number | string): readonly string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null; // it has ended
  }
}

const isDead = (fields: readonly string[]): boolean => fields[0] === 'Z' || fields[0] === 'X';

function readFromPs(pid: number): string | null {
  try {
    const options = { encoding: 'utf8', timeout: PS_TIMEOUT_MS } as const;
    const line = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], options).trim();
    const [state, ...start] = line.split(/\s+/);
    return state === undefined || state.startsWith('Z') ? null : start.join(' ');
  } catch {
    return null;
  }
}

/**
 * True while any process of the group lives; the leader may be gone already. Zombies do not count: in a container whose
 * first process reaps nobody they would stay for ever.
 */
export function isGroupAlive(groupId: number): boolean {
  if (process.platform !== 'linux') return signalGroup(groupId, 0);
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false;
    const fields = readStat(name);
    return fields !== null && fields[2] === String(groupId) && !isDead(fields);
  });
}

/** Sends a signal to a process group; false when the group has no process left. */
export function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-groupId, signal);
    return true;
  } catch (error) {
    // macOS says EPERM of a group that has nothing but zombies; the group is ours, so it means nothing else.
    const isGone = (code: unknown) =>
      code === 'ESRCH' || (code === 'EPERM' && process.platform === 'darwin');
    if (error instanceof Error && 'code' in error && isGone(error.code)) return false;
    throw error;
  }
}
