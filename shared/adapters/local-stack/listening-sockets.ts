import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const STATE_LISTEN = '0A';
const IPV4_LOOPBACK = /^[0-9A-F]{6}7F$/;
/** ::1, and 127.0.0.0/8 mapped into IPv6, as the kernel prints them: four little-endian words. */
const IPV6_LOOPBACK = /^(0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F)$/;

export interface ListeningSocket {
  readonly port: number;
  readonly loopbackOnly: boolean;
}

/** The TCP sockets on which a process listens (proc(5), /proc/net/tcp), or null where the system has no /proc. */
export function listListeningSockets(pid: number): readonly ListeningSocket[] | null {
  let descriptors: string[];
  try {
    descriptors = readdirSync(`/proc/${pid}/fd`);
  } catch {
    return null;
  }
  const inodes = new Set(descriptors.map((name) => socketInode(pid, name)));
  return ['tcp', 'tcp6'].flatMap((table) => {
    const lines = readFileSync(`/proc/${pid}/net/${table}`, 'utf8').trim().split('\n').slice(1);
    return lines.flatMap((line) => parseLine(line, inodes));
  });
}

function socketInode(pid: number, descriptor: string): string | null {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1] ?? null;
  } catch {
    return null; // closed since the folder was read
  }
}

function parseLine(line: string, inodes: ReadonlySet<string | null>): ListeningSocket[] {
  const fields = line.trim().split(/\s+/);
  const [address, port] = (fields[1] ?? '').split(':');
  const inode = fields[9];
  if (address === undefined || port === undefined || inode === undefined) return [];
  if (fields[3] !== STATE_LISTEN || !inodes.has(inode)) return [];
  const loopbackOnly = IPV4_LOOPBACK.test(address) || IPV6_LOOPBACK.test(address);
  return [{ port: Number.parseInt(port, 16), loopbackOnly }];
}
