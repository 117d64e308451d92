'use strict';
// Takes the place of zstd-napi's own binding.js, which knows one processor only.
module.exports = require(`./binding.${process.platform}-${process.arch}.node`);
