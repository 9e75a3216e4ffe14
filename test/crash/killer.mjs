// Loaded before the program (NODE_OPTIONS=--import): counts its effects, which are the calls that change the engine, the
// files that it writes and the commands that it runs, and kills at one of them. Nothing of the program knows of it.
import childProcess from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';

/** Kill at this effect, counting from 1; 0 only counts. */
const at = Number(process.env.CRASH_AT ?? 0);
/** `before` it is begun, `amid` it (engine calls only), or `after` it was done and before the program hears of that. */
const when = process.env.CRASH_WHEN ?? 'before';
/** Where each effect is noted, one a line. */
const log = process.env.CRASH_LOG;
/** Who dies: this process, or the engine's service of that pid. Of a service's death only engine calls count. */
const service = Number(process.env.CRASH_SERVICE ?? 0);

const { appendFileSync } = fs;
let effects = 0;

function kill() {
  appendFileSync(log, 'killed\n');
  process.kill(service || process.pid, 'SIGKILL');
}

/** Counts an effect; true where it is the one. */
function begins(what) {
  effects += 1;
  appendFileSync(log, `${effects} ${what}\n`);
  const isIt = effects === at;
  if (isIt && when === 'before') kill();
  return isIt;
}

const { request } = http;
http.request = (...args) => {
  const { method = 'GET', path = '', socketPath } = args[0] ?? {};
  const isEffect = socketPath !== undefined && method !== 'GET' && method !== 'HEAD';
  const isIt = isEffect && begins(`${method} ${path.replace(/^\/v[^/]*\/libpod/, '').replace(/\?.*/, '')}`);
  const sent = request(...args);
  if (isIt && when === 'amid') setTimeout(kill, Number(process.env.CRASH_AMID_MS ?? 20));
  if (isIt && when === 'after') {
    sent.prependListener('response', response => {
      // The reply has come, and nobody has read it.
      if (response.complete) return kill();
      response.prependListener('end', kill);
    });
  }
  return sent;
};

/** Wraps a function that changes files. */
function wrap(from, name, isEffect = () => true) {
  const original = from[name];
  from[name] = (...args) => {
    if (service !== 0 || !isEffect(args)) return original(...args);
    const isIt = begins(`${name} ${basename(String(args.at(name === 'rename' || name === 'symlink' ? 1 : 0)))}`);
    const done = original(...args);
    if (isIt && when === 'after') done.then(kill, kill);
    return done;
  };
}

for (const name of ['writeFile', 'rename', 'unlink', 'rm', 'rmdir', 'mkdir', 'mkdtemp', 'symlink', 'chmod'])
  wrap(fs.promises, name);
wrap(fs.promises, 'open', ([, flags = 'r']) => flags !== 'r');

const { execFile } = childProcess;
childProcess.execFile = (...args) => {
  if (service === 0 && begins(`run ${basename(args[0])}`) && when === 'after') {
    const child = execFile(...args);
    child.prependListener('close', kill);
    return child;
  }
  return execFile(...args);
};
syncBuiltinESMExports();
