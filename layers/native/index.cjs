'use strict';
// The codec, for the processor that this function runs on. Loaded with createRequire: ES module
// imports do not look in layers.
module.exports = require(`./mithril-native.${process.platform}-${process.arch}.node`);
