import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NativeModule } from './native-module.ts';

/** Name of the module in the Lambda layer. */
const LAYER_MODULE = 'mithril-native';
const BUILD_COMMAND = 'node scripts/setup.mjs codec';

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

export function loadNativeFrom(location: NativeLocation): NativeModule {
  const load = createRequire(location.from);
  const file = findInLayer(load) ?? findInCheckout(location);
  try {
    // What the file exports is held to its index.d.ts by a test, not looked at on every start.
    const native: NativeModule = load(file);
    return native;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new NativeModuleError(file, `the codec cannot be loaded: ${why} (${file})`, cause);
  }
}

/** ES module imports do not look in layers; `require` does, by NODE_PATH. */
function findInLayer(load: NodeJS.Require): string | null {
  try {
    return load.resolve(LAYER_MODULE);
  } catch {
    return null; // not on Lambda
  }
}

/** Sources and bundles lie at different depths under the folder that holds native/. */
function findInCheckout(location: NativeLocation): string {
  const name = `mithril-native.${location.platform}-${location.arch}.node`;
  const start = dirname(fileURLToPath(location.from));
  for (let folder = start; ; folder = dirname(folder)) {
    const file = join(folder, 'native', 'codec-napi', name);
    if (existsSync(file)) return file;
    if (dirname(folder) === folder) break;
  }
  const message =
    `the codec is not built for ${location.platform}-${location.arch}; ` +
    `build it with: ${BUILD_COMMAND}`;
  throw new NativeModuleError(name, message);
}
