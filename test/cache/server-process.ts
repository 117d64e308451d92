import type { BuiltCli, Started } from '../../cli/testing/built-cli.ts';

export interface ServerProcess extends Started {
  readonly url: string;
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

const running = new Set<Started>();

/** `mithril cache ARGS` as a process of its own, once it listens. */
export async function startServer(
  cli: BuiltCli,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const started = cli.start(['cache', ...args, '--port', '0'], { env });
  running.add(started);
  const url = await new Promise<string>((done, failed) => {
    let text = '';
    started.child.stdout?.on('data', (data: string) => {
      text += data;
      const found = /on (https?:\S+)/u.exec(text)?.[1];
      if (found !== undefined) done(found);
    });
    void started.ended.then(({ stderr }) => failed(new Error(stderr)));
  });
  return {
    ...started,
    url,
    end: async (signal = 'SIGINT') => {
      started.child.kill(signal);
      running.delete(started);
      return (await started.ended).code;
    },
  };
}

export function killServers(): void {
  for (const { child } of running) child.kill('SIGKILL');
}
