import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

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
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return null;
  return fields[START_TIME_FIELD_AFTER_NAME] ?? null;
}

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

/** True while any process of the group lives. The group's leader may be gone already. */
export function isGroupAlive(groupId: number): boolean {
  return signalGroup(groupId, 0);
}

/** Sends a signal to a process group; false when the group has no process left. */
export function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-groupId, signal);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}
