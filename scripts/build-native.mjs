#!/usr/bin/env node
// Builds the native modules of this machine: the bindings of codec and dedup, and zstd-napi's.
import { CODEC_BINDING, DEDUP_BINDING } from './setup/native-bindings.mjs';
import { BINDING as ZSTD_BINDING } from './setup/zstd-binding.mjs';
import { setUpOrExit } from './setup.mjs';

await setUpOrExit(['native']);
process.stdout.write(`${CODEC_BINDING}\n${DEDUP_BINDING}\n${ZSTD_BINDING}\n`);
