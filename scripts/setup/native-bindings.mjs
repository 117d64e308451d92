// Steps: the Node bindings of the Rust crates for this machine, beside their sources in native/.
import fs from 'node:fs';
import path from 'node:path';
import { hostRust } from '../native/host-toolchain.mjs';
import { codecAddon, dedupAddon } from '../native/rust-addons.mjs';
import { copyWhole, ROOT, readStamp, writeStamp } from '../system/cache.mjs';
import { run } from '../system/process.mjs';

const TARGET = `${process.platform}-${process.arch}`;

export const CODEC_BINDING = bindingFile('codec-napi', 'mithril-native');
export const DEDUP_BINDING = bindingFile('minhash-napi', 'mithril-dedup');

export const nativeCodec = step('codec', 'Codec (Rust)', codecAddon, CODEC_BINDING);
export const nativeDedup = step('dedup', 'Dedup (Rust)', dedupAddon, DEDUP_BINDING);

function bindingFile(folder, name) {
  return path.join(ROOT, 'native', folder, `${name}.${TARGET}.node`);
}

function step(name, title, addon, binding) {
  return {
    name,
    title,
    needs: ['prerequisites'],
    async staleBecause() {
      const result = addon.resultOf(hostRust().id);
      const isPlaced = fs.existsSync(binding) && readStamp(name)?.result === result;
      if (isPlaced) return null;
      return fs.existsSync(result)
        ? 'compiled before, taken from the cache'
        : 'compiles, about 1-2 min';
    },
    async run({ line }) {
      const result = await addon.compile(hostRust(), { line });
      copyWhole(result, binding, 0o755);
      await run(process.execPath, ['-e', 'require(process.argv[1])', binding]);
      writeStamp(name, { result });
    },
  };
}
