// `node --import tsx delayed_cache_server.ts FOLDER MILLISECONDS`: the cache server on files, with a
// delay before the first byte of every blob, as an object store far away has it. Prints its URL.
import { setTimeout as sleep } from 'node:timers/promises';
import { openLocalCache } from '../../cli/cache/open-cache.ts';
import { cacheSettings } from '../../cli/cache/policies.ts';
import { listen } from '../../cli/cache/server.ts';
import { mergeSettings } from '../../cli/settings/settings.ts';
import { createHumanLog } from '../../shared/adapters/log/human-log.ts';

const [folder = '', delayMs = '0'] = process.argv.slice(2);
const log = createHumanLog(() => undefined);
const settings = cacheSettings(mergeSettings([]), undefined);
const cache = openLocalCache(folder, { settings, log, audit: log });
const { blobs } = cache.context;
const delayed: typeof blobs = {
  ...blobs,
  read: async (reference, range) => {
    await sleep(Number(delayMs));
    return blobs.read(reference, range);
  },
};
const options = { host: '127.0.0.1', port: 0, tls: null, allowPlainHttp: false };
const { url } = await listen({ ...cache.context, blobs: delayed }, options);
process.stdout.write(`on ${url}\n`);
