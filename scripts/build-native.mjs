#!/usr/bin/env node
// Builds the native modules of this machine: the codec's binding and zstd-napi's.
import { CODEC_BINDING } from './setup/native-codec.mjs';
import { BINDING as ZSTD_BINDING } from './setup/zstd-binding.mjs';
import { setUpOrExit } from './setup.mjs';

await setUpOrExit(['native']);
process.stdout.write(`${CODEC_BINDING}\n${ZSTD_BINDING}\n`);
