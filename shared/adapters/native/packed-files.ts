import type { PackedFiles, PackedOptions, PackedSummary } from '../../ports/codec.ts';
import { loadNative } from './load-native.ts';
import type { NativeModule, NativePackedOptions, PackedJob } from './native-module.ts';

/** The native side counts without calling back; the count is looked at this often. */
const PROGRESS_INTERVAL_MS = 100;

/** `.mith` files on this machine, by the native codec. */
export function openPackedFiles(native: NativeModule = loadNative()): PackedFiles {
  const run = (options: PackedOptions, work: (job: PackedJob) => Promise<PackedSummary>) =>
    runJob(new native.PackedJob(), options, work);
  return {
    compress: (input, output, options) =>
      run(options, (job) => job.compress(input, output, toNative(options))),
    decompress: (input, output, options) =>
      run(options, (job) => job.decompress(input, output, toNative(options))),
    verify: (input, options) => run(options, (job) => job.verify(input, toNative(options))),
    info: async (input) => {
      const { manifest, storedBytes } = await native.packedInfo(input);
      return { ...manifest, storedBytes };
    },
    tensors: (input, options) => native.packedTensors(input, toNative(options)),
    readTensor: (input, tensor, options) => native.packedTensor(input, tensor, toNative(options)),
  };
}

const toNative = ({ bases, threads, level }: PackedOptions): NativePackedOptions => ({
  bases: [...bases],
  threads,
  level,
});

/** Reports progress and stops on a signal; a stopped job ends with the code `Cancelled`. */
async function runJob(
  job: PackedJob,
  options: PackedOptions,
  work: (job: PackedJob) => Promise<PackedSummary>,
): Promise<PackedSummary> {
  const { onProgress, signal } = options;
  const cancel = (): void => job.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted === true) job.cancel();
  const timer = setInterval(
    () => onProgress?.(job.bytesDone, job.bytesTotal),
    PROGRESS_INTERVAL_MS,
  );
  try {
    const summary = await work(job);
    onProgress?.(job.bytesDone, job.bytesTotal);
    return summary;
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', cancel);
  }
}
