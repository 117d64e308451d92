import { createRequire } from 'node:module';
import type * as zstdModule from 'zstd-napi';
import type * as zstdBinding from 'zstd-napi/binding.js';
import { CompressorError } from '../../ports/compressor.ts';

export type ZstdModule = typeof zstdModule;
export type ZstdBinding = typeof zstdBinding;

/** On Lambda it comes from a layer, where only `require` looks. */
export function loadZstd(): { zstd: ZstdModule; binding: ZstdBinding } {
  const require = createRequire(import.meta.url);
  try {
    const zstd: ZstdModule = require('zstd-napi');
    const binding: ZstdBinding = require('zstd-napi/binding.js');
    return { zstd, binding };
  } catch (cause) {
    const message = 'zstd-napi is not built for this machine; run: node scripts/setup.mjs zstd';
    throw new CompressorError('NotLoaded', { message, cause });
  }
}
