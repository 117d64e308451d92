#!/usr/bin/env node
import { main } from './main.ts';

/** `mithril-dedup IN -o OUT` is `mithril dedup IN -o OUT`. */
process.exitCode = await main('mithril-dedup', process.argv.slice(2));
