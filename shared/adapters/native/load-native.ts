import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NativeDedup } from './native-dedup.ts';
import type { NativeModule } from './native-module.ts';

/** One of our compiled modules, and where it may lie. */
interface Binding {
  /** Of the module in the Lambda layer, and of its file in a checkout. */
  readonly name: string;
  /** Below native/ in a checkout. */
  readonly folder: string;
  readonly title: string;
  readonly buildCommand: string;
}

const CODEC: Binding = {
  name: 'mithril-native',
  folder: 'codec-napi',
  title: 'the codec',
  buildCommand: 'node scripts/setup.mjs codec',
};

const DEDUP: Binding = {
  name: 'mithril-dedup',
  folder: 'minhash-napi',
  title: 'the native part of dedup',
  buildCommand: 'node scripts/setup.mjs dedup',
};

export class NativeModuleError extends Error {
  override readonly name = 'NativeModuleError';
  readonly code = 'NativeModuleMissing';
  readonly retryable = false;
  /** Where it was looked for, or the file that could not be loaded. */
  readonly subject: string;

  constructor(subject: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.subject = subject;
  }
}

export interface NativeLocation {
  /** The module that looks: layers are found from it by NODE_PATH, a checkout by its folders. */
  readonly from: string;
  readonly platform: string;
  readonly arch: string;
}

const HERE: NativeLocation = {
  from: import.meta.url,
  platform: process.platform,
  arch: process.arch,
};

let loaded: NativeModule | null = null;

/** Loads the codec once: from a Lambda layer where there is one, else as built in the checkout. */
export function loadNative(): NativeModule {
  loaded ??= loadNativeFrom(HERE);
  return loaded;
}

/** Loads the native part of dedup, in the same places. */
export function loadNativeDedup(): NativeDedup {
  // What the file exports is held to its index.d.ts by a test, not looked at on every start.
  const native: NativeDedup = loadBinding(DEDUP, HERE);
  return native;
}

export function loadNativeFrom(location: NativeLocation): NativeModule {
  const native: NativeModule = loadBinding(CODEC, location);
  return native;
}

function loadBinding(binding: Binding, location: NativeLocation) {
  const load = createRequire(location.from);
  const file = findInLayer(load, binding) ?? findInCheckout(binding, location);
  try {
    return load(file);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `${binding.title} cannot be loaded: ${why} (${file})`;
    throw new NativeModuleError(file, message, cause);
  }
}

/** ES module imports do not look in layers; `require` does, by NODE_PATH. */
function findInLayer(load: NodeJS.Require, binding: Binding): string | null {
  try {
    return load.resolve(binding.name);
  } catch {
    return null; // not on Lambda
  }
}

/** Sources and bundles lie at different depths under the folder that holds native/. */
function findInCheckout(binding: Binding, location: NativeLocation): string {
  const target = `${location.platform}-${location.arch}`;
  const name = `${binding.name}.${target}.node`;
  const start = dirname(fileURLToPath(location.from));
  for (let folder = start; ; folder = dirname(folder)) {
    const file = join(folder, 'native', binding.folder, name);
    if (existsSync(file)) return file;
    if (dirname(folder) === folder) break;
  }
  const what = `${binding.title} is not built for ${target}`;
  throw new NativeModuleError(name, `${what}; build it with: ${binding.buildCommand}`);
}
