// Objects of 20 MiB to the cache on AWS (the local stack) and back: through `mithril cache proxy`, since
// ccache follows no redirect, and the function behind the URL passes on 4 MiB.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findClientPrograms } from '../../../scripts/setup/clients/programs.mjs';
import { deployCache } from '../../e2e/fixtures/cache-stack.ts';
import { describeOnLocalStack } from '../../e2e/fixtures/local-stack-fixture.ts';
import { createCcacheClient } from './clients/ccache.ts';
import { startServer } from './start-server.ts';

const CASE_MS = 240_000;
const { ccache = null } = findClientPrograms();
const why = ccache === null ? ' (skipped: run `npm run setup -- client-programs`)' : '';

await describeOnLocalStack('ccache and the cache on AWS', (stack) => {
  test.skipIf(ccache === null)(
    `one machine fills it through its proxy, another one builds nothing${why}`,
    { timeout: CASE_MS },
    async () => {
      const host = await deployCache(stack);
      const token = await host.makeToken('write');
      const client = createCcacheClient(ccache ?? '', 'subdirs');
      const buildOnMachine = async (name: string) => {
        const folder = join(stack.folder(), name);
        await mkdir(folder);
        await client.prepare(folder, 1);
        const upstream = ['proxy', '--upstream', host.url, '--wait', '30'];
        const proxy = await startServer(upstream, { MITHRIL_CACHE_TOKEN: token });
        const result = await client.build(folder, { url: proxy.url, token });
        await proxy.stop();
        return result;
      };
      const first = await buildOnMachine('one');
      expect(first).toMatchObject({ code: 0, remoteHits: 0, built: client.steps });
      const { made } = first;
      const second = await buildOnMachine('two');
      const hits = { code: 0, remoteHits: client.steps, built: 0, made };
      expect(second).toMatchObject(hits);
    },
  );
});
