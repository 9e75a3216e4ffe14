#!/usr/bin/env node
// The shipped entry. It runs the program from V8's code cache, which saves a third of the time to start; a cache of
// another Node, or none, costs only that. CommonJS, because Node's loader of ES modules takes some milliseconds more.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

// Words of commands that main.cjs does without; the build puts them here. tools.cjs has all commands, so that such a word
// may be anything else, too (docs/decisions/0037).
const tools = ['tools'];
const name = process.argv.some(word => tools.includes(word)) ? 'tools' : 'main';
const filename = join(__dirname, `${name}.cjs`);
const main = { exports: {} };
let cachedData;
try {
  cachedData = readFileSync(join(__dirname, `${name}.cache`));
} catch {
  // Built without one.
}
// The bundle is plain ASCII and a function already: V8 takes it as it is, without a copy (docs/decisions/0009).
const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData });
script.runInThisContext()(main.exports, require, main, filename, __dirname);
