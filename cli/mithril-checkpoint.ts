#!/usr/bin/env node
import { main } from './main.ts';

/** `mithril-checkpoint compress ...` is `mithril ckpt compress ...`. */
process.exitCode = await main('mithril-checkpoint', process.argv.slice(2));
