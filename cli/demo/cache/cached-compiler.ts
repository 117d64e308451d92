import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { HEADER } from '../../../shared/contracts/cache-names.ts';
import { isSignedBy, signedText } from '../../../shared/domain/cache/signature.ts';
import { CliError } from '../../cli-error.ts';

/** A machine that compiles through the cache by the native protocol (docs/cache/protocol.md). */
export interface Machine {
  readonly cache: { readonly url: string; readonly token: string; readonly namespace: string };
  /** Hex of raw Ed25519 keys; an object of anybody else is not used. */
  readonly publicKeys: readonly string[];
  /** Null: this machine only reads. */
  readonly sign: ((text: string) => { readonly keyId: string; readonly value: string }) | null;
  readonly compiler: Compiler;
  readonly signal: AbortSignal;
}

export interface Compiler {
  /** Name, version and target, as the compiler says them. */
  readonly identity: string;
  readonly flags: readonly string[];
  preprocess(source: string): Promise<string>;
  compile(source: string, object: string): Promise<void>;
}

export interface Compiled {
  readonly kind: 'hit' | 'miss';
  /** What the machine needed until it had the object file. */
  readonly seconds: number;
  /** What compiling took, here or where it was done. */
  readonly compileSeconds: number;
  readonly bytes: number;
}

const sha256 = (data: string | Uint8Array): string =>
  createHash('sha256').update(data).digest('hex');

/** The object file of a source file: out of the cache, or compiled here and put into it. */
export async function compileThroughCache(
  machine: Machine,
  source: string,
  object: string,
): Promise<Compiled> {
  const startedMs = performance.now();
  const secondsSince = (ms: number): number => (performance.now() - ms) / 1000;
  const { compiler } = machine;
  const toolchain = sha256(compiler.identity);
  const factors = [toolchain, ...compiler.flags, await compiler.preprocess(source)];
  const entry = { key: sha256(factors.join('\0')), toolchain };
  const found = await read(machine, entry);
  if (found !== null) {
    await writeFile(object, found.body);
    const { body, compileSeconds } = found;
    return { kind: 'hit', seconds: secondsSince(startedMs), compileSeconds, bytes: body.length };
  }
  const compileMs = performance.now();
  await compiler.compile(source, object);
  const compileSeconds = secondsSince(compileMs);
  const body = await readFile(object);
  await write(machine, entry, body, compileSeconds);
  return { kind: 'miss', seconds: secondsSince(startedMs), compileSeconds, bytes: body.length };
}

interface Entry {
  readonly key: string;
  readonly toolchain: string;
}

/** Null: there is none, or none that this machine trusts. */
async function read({ cache, publicKeys, signal }: Machine, { key, toolchain }: Entry) {
  const response = await fetch(`${cache.url}/v1/entries/${key}`, {
    headers: { Authorization: `Bearer ${cache.token}` },
    signal,
  });
  if (response.status === 404) return null;
  if (!response.ok) throw await refusal(response);
  const body = Buffer.from(await response.arrayBuffer());
  const { namespace } = cache;
  const facts = { namespace, key, digest: sha256(body), bytes: body.length, toolchain };
  const signature = response.headers.get(HEADER.signature) ?? '';
  if (!isSignedBy(publicKeys, signature, facts)) return null;
  return { body, compileSeconds: Number(response.headers.get(HEADER.compileSeconds)) };
}

async function write(
  { cache, sign, signal }: Machine,
  { key, toolchain }: Entry,
  body: Buffer,
  compileSeconds: number,
): Promise<void> {
  if (sign === null) return;
  const { namespace } = cache;
  const digest = sha256(body);
  const { keyId, value } = sign(
    signedText({ namespace, key, digest, bytes: body.length, toolchain }),
  );
  const response = await fetch(`${cache.url}/v1/entries/${key}`, {
    method: 'PUT',
    body,
    headers: {
      Authorization: `Bearer ${cache.token}`,
      'Content-Type': 'application/octet-stream',
      [HEADER.digest]: digest,
      [HEADER.signature]: `${keyId}:${value}`,
      [HEADER.toolchain]: toolchain,
      [HEADER.compileSeconds]: compileSeconds.toFixed(3),
    },
    signal,
  });
  if (!response.ok) throw await refusal(response);
}

async function refusal(response: Response): Promise<CliError> {
  return new CliError(`the cache answered ${response.status}: ${await response.text()}`);
}
