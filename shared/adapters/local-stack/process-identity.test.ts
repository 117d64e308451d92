import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { listListeningSockets } from './listening-sockets.ts';
import { isGroupAlive, readStartMark, signalGroup } from './process-identity.ts';

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

test('a process keeps its start mark while it lives, and has none afterwards', async () => {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { detached: true });
  const pid = child.pid ?? 0;
  const mark = readStartMark(pid);
  expect(mark).toMatch(/\d/);
  expect(readStartMark(pid)).toBe(mark);
  expect(isGroupAlive(pid)).toBe(true);
  const ended = once(child, 'exit');
  expect(signalGroup(pid, 'SIGKILL')).toBe(true);
  await ended;
  expect(readStartMark(pid)).toBeNull();
  expect(isGroupAlive(pid)).toBe(false);
  expect(signalGroup(pid, 'SIGTERM')).toBe(false);
});

test('two processes have different start marks', () => {
  expect(readStartMark(process.pid)).not.toBe(readStartMark(process.ppid));
});

const withoutProc = listListeningSockets(process.pid) === null;
// Skipped where the system has no /proc: there the adapter cannot check either, and says so by null.
test.skipIf(withoutProc).each([
  ['127.0.0.1', true],
  ['0.0.0.0', false],
])('a server on %s is seen, loopback only: %s', async (host, loopbackOnly) => {
  const server = createServer().listen(0, host);
  servers.push(server);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  expect(listListeningSockets(process.pid)).toContainEqual({ port, loopbackOnly });
});
