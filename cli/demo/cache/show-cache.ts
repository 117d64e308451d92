import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keyIdOf } from '../../../shared/domain/cache/signature.ts';
import type { Project } from '../../local/project.ts';
import type { Session } from '../../session.ts';
import { formatBytes, formatSeconds } from '../../text/quantity.ts';
import { hitLine } from '../../text/result-lines.ts';
import type { DemoHost } from '../demo-host.ts';
import { StageLines } from '../stage-lines.ts';
import { type Compiled, compileThroughCache, type Machine } from './cached-compiler.ts';
import { findCompiler, type OwnCompiler } from './compiler.ts';
import { type Endpoint, withEndpoint } from './open-endpoint.ts';

export interface CacheResult {
  readonly first: Compiled['kind'];
  readonly second: Compiled['kind'];
  readonly compileSeconds: number;
  readonly loadSeconds: number;
  readonly objectBytes: number;
  /** Both machines have the same object, and its program prints the same. */
  readonly isExact: boolean;
}

/** One folder stands for one machine. */
interface Workplace {
  readonly machine: Machine;
  readonly folder: string;
}

/** A C++ file is compiled on one machine; another one, with nothing of its own, gets the object. */
export async function showCache(
  session: Session,
  demo: DemoHost,
  project: Project,
  work: string,
): Promise<CacheResult | null> {
  const { terminal, interruption } = session;
  terminal.note('\nCompile cache: one machine compiles, the next one does not');
  const compiler = await findCompiler(interruption.signal);
  if (compiler === null) {
    terminal.warn('  Skipped: there is no C++ compiler (c++, g++ or clang++) on this machine.');
    return null;
  }
  const source = join(project.root, 'cli', 'demo', 'cache', 'program.cpp');
  return withEndpoint(session, demo, work, async (endpoint) => {
    terminal.note(`  ${compiler.title}; ${endpoint.title}`);
    const [writer, reader] = await twoMachines(session, endpoint, compiler, work);
    const lines = new StageLines(session);
    const step = (name: string, { machine, folder }: Workplace): Promise<Compiled> =>
      lines.run(name, async () => {
        const compiled = await compileThroughCache(machine, source, join(folder, 'program.o'));
        lines.update(describe(compiled));
        return compiled;
      });
    const first = await step('machine 1', writer);
    const second = await step('machine 2', reader);
    const isExact = await areEqual(session, compiler, [writer, reader]);
    if (second.kind === 'hit') {
      terminal.line(hitLine({ seconds: second.seconds, savedSeconds: second.compileSeconds }));
    }
    return {
      first: first.kind,
      second: second.kind,
      compileSeconds: first.compileSeconds,
      loadSeconds: second.seconds,
      objectBytes: second.bytes,
      isExact,
    };
  });
}

function describe({ kind, compileSeconds, bytes }: Compiled): string {
  const size = formatBytes(bytes);
  return kind === 'hit'
    ? `hit: ${size}, digest and signature checked, no compiler started`
    : `miss: compiled in ${formatSeconds(compileSeconds)}, signed, stored (${size})`;
}

/** The first may write and signs; the second may read, and trusts the first one's key alone. */
async function twoMachines(
  session: Session,
  { url, namespace, makeToken }: Endpoint,
  compiler: OwnCompiler,
  work: string,
): Promise<readonly [Workplace, Workplace]> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const signText = (text: string) => ({
    keyId: keyIdOf(raw),
    value: sign(null, Buffer.from(text), privateKey).toString('base64'),
  });
  const open = async (name: string, right: 'read' | 'write'): Promise<Workplace> => {
    const folder = join(work, name);
    await mkdir(folder);
    const cache = { url, token: await makeToken(right), namespace };
    const trust = { publicKeys: [raw.toString('hex')], sign: right === 'write' ? signText : null };
    const { signal } = session.interruption;
    return { folder, machine: { cache, compiler, signal, ...trust } };
  };
  return [await open('machine-1', 'write'), await open('machine-2', 'read')];
}

async function areEqual(
  { terminal }: Session,
  compiler: OwnCompiler,
  places: readonly [Workplace, Workplace],
): Promise<boolean> {
  const [one, two] = places.map(({ folder }) => ({
    object: join(folder, 'program.o'),
    program: join(folder, 'program'),
  }));
  if (one === undefined || two === undefined) return false;
  const objects = await Promise.all([one, two].map(({ object }) => readFile(object)));
  const said: string[] = [];
  for (const { object, program } of [one, two]) {
    said.push(await compiler.runObject(object, program));
  }
  const isExact = objects[0]?.equals(objects[1] ?? Buffer.alloc(0)) === true && said[0] === said[1];
  terminal.line(`both programs print "${said[0]}"  ${isExact ? 'equal' : 'DIFFERENT'}`);
  return isExact;
}
