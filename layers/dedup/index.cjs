'use strict';
// Deduplication, for the processor that this function runs on. Loaded with createRequire: ES module
// imports do not look in layers.
module.exports = require(`./mithril-dedup.${process.platform}-${process.arch}.node`);
