// The life of the local stack: it starts once a folder, is found by other processes, and ends with everything it started.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { locateMiniStack } from '../../scripts/setup/ministack.mjs';
import { deployAssembly } from '../../shared/adapters/local-stack/deploy-assembly.ts';
import { listListeningSockets } from '../../shared/adapters/local-stack/listening-sockets.ts';
import {
  readLocalStackStatus,
  startLocalStack,
  stopLocalStack,
} from '../../shared/adapters/local-stack/local-stack.ts';
import { isGroupAlive, readStartMark } from '../../shared/adapters/local-stack/process-identity.ts';
import { describeOnLocalStack, eventually } from './fixtures/local-stack-fixture.ts';
import { invokeForPid, writeSmallAssembly } from './fixtures/small-stack.ts';

const ENDED_MS = 10_000;
const { python } = locateMiniStack();

await describeOnLocalStack('the local stack', (stack) => {
  const dataDir = (name: string) => join(stack.folder(), name);

  test('it listens on loopback only, and a second start in its folder is refused', async () => {
    const status = await readLocalStackStatus(dataDir('stack'));
    expect(status).toMatchObject({ kind: 'running', record: { endpoint: stack.endpoint() } });
    if (status.kind === 'stopped') throw new Error('unreachable');
    const sockets = listListeningSockets(status.record.pid);
    expect(sockets?.every((it) => it.loopbackOnly && it.port === status.record.port)).not.toBe(
      false,
    );
    const second = startLocalStack({ python, dataDir: dataDir('stack') });
    await expect(second).rejects.toMatchObject({ code: 'already-running' });
    expect(await readLocalStackStatus(dataDir('stack'))).toMatchObject({ kind: 'running' });
  });

  test('stopping ends the workers of handlers too, and removes what they left', async () => {
    const local = await startLocalStack({ python, dataDir: dataDir('workers') });
    const workerPid = await invokeForPid(local.endpoint, stack.folder());
    expect(readStartMark(workerPid)).not.toBeNull();
    expect(await stopLocalStack(dataDir('workers'))).toBe(true);
    expect(readStartMark(workerPid)).toBeNull();
    expect(isGroupAlive(local.pid)).toBe(false);
    expect(existsSync(join(dataDir('workers'), 'tmp'))).toBe(false);
    expect(await stopLocalStack(dataDir('workers'))).toBe(false);
    await local.stop();
  });

  test('a record whose pid belongs to another process by now is not trusted', async () => {
    const local = await startLocalStack({ python, dataDir: dataDir('recycled') });
    const file = join(dataDir('recycled'), 'stack.json');
    const record = readFileSync(file, 'utf8');
    await local.stop();
    writeFileSync(file, record.replace(/"pid": \d+/, `"pid": ${process.pid}`));
    expect(await readLocalStackStatus(dataDir('recycled'))).toEqual({ kind: 'stopped' });
    expect(await stopLocalStack(dataDir('recycled'))).toBe(false);
  });

  test('it ends when the process that owns it is killed, and a detached one stays', async () => {
    const owned = await startFromKilledProcess('owner');
    await eventually('the owned stack has ended', ENDED_MS, async () =>
      isGroupAlive(owned) ? null : true,
    );
    const detached = await startFromKilledProcess('detached');
    expect(isGroupAlive(detached)).toBe(true);
    expect(await stopLocalStack(dataDir('detached'))).toBe(true);
    expect(isGroupAlive(detached)).toBe(false);
  });

  test('a start that fails says why and leaves nothing running', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const start = startLocalStack({ python, dataDir: dataDir('failing'), port });
    await expect(start).rejects.toThrow(/already in use/);
    taken.close();
    expect(await readLocalStackStatus(dataDir('failing'))).toEqual({ kind: 'stopped' });
    const missing = startLocalStack({ python: join(stack.folder(), 'no'), dataDir: dataDir('no') });
    await expect(missing).rejects.toMatchObject({ code: 'not-ready' });
  });

  test('a deployment that fails names the resource and the reason, and can be repeated', async () => {
    const cdkOut = stack.folder();
    const deploy = (options: { readonly broken: boolean; readonly deadlineMs?: number }) => {
      writeSmallAssembly(cdkOut, options);
      return deployAssembly({ endpoint: stack.endpoint(), cdkOut, stackName: 'Small', ...options });
    };
    const failed = deploy({ broken: true });
    await expect(failed).rejects.toMatchObject({ code: 'deploy-failed' });
    await expect(failed).rejects.toThrow(/Broken \(AWS::SSM::Parameter\): .*NoSuchAttribute/);
    const outputs = { Name: 'a-queue' };
    expect(await deploy({ broken: false })).toMatchObject({ kind: 'created', outputs });
    const late = deploy({ broken: true, deadlineMs: 0 });
    await expect(late).rejects.toMatchObject({ code: 'deploy-deadline' });
  });

  /** Starts a stack in a process that is killed as soon as it has done so; returns the stack's pid. */
  async function startFromKilledProcess(lifetime: 'owner' | 'detached'): Promise<number> {
    const adapter = join(import.meta.dirname, '../../shared/adapters/local-stack/local-stack.ts');
    const options = JSON.stringify({ python, dataDir: dataDir(lifetime), lifetime });
    const script = `import { startLocalStack } from ${JSON.stringify(adapter)};
      console.log((await startLocalStack(${options})).pid); setInterval(() => {}, 1000);`;
    const tsx = createRequire(import.meta.url).resolve('tsx');
    const child = spawn(process.execPath, ['--import', tsx, '--input-type=module', '-e', script]);
    const [line] = await once(child.stdout, 'data');
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    return Number(String(line));
  }
});
