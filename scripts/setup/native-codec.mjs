// Step: the codec's Node binding for this machine, beside its sources in native/codec-napi.
import fs from 'node:fs';
import path from 'node:path';
import { codecAddon, codecAddonResult } from '../native/codec-addon.mjs';
import { hostRust } from '../native/host-toolchain.mjs';
import { copyWhole, ROOT, readStamp, writeStamp } from '../system/cache.mjs';
import { run } from '../system/process.mjs';

export const CODEC_BINDING = path.join(
  ROOT,
  'native',
  'codec-napi',
  `mithril-native.${process.platform}-${process.arch}.node`,
);

export const nativeCodec = {
  name: 'codec',
  title: 'Codec (Rust)',
  needs: ['prerequisites'],
  async staleBecause() {
    const result = codecAddonResult(hostRust().id);
    const isPlaced = fs.existsSync(CODEC_BINDING) && readStamp('codec')?.result === result;
    if (isPlaced) return null;
    return fs.existsSync(result)
      ? 'compiled before, taken from the cache'
      : 'compiles, about 1-2 min';
  },
  async run({ line }) {
    const result = await codecAddon(hostRust(), { line });
    copyWhole(result, CODEC_BINDING, 0o755);
    await run(process.execPath, ['-e', 'require(process.argv[1])', CODEC_BINDING]);
    writeStamp('codec', { result });
  },
};
