import type { RunWatch } from '../../ports/dedup.ts';
import type { DedupIndexes } from '../../ports/dedup-index.ts';
import { runWatched } from './dedup-runs.ts';
import { loadNativeDedup } from './load-native.ts';
import type { DedupIndexJob, NativeDedup } from './native-dedup.ts';

/** Indexes in folders of this machine, by the native code. */
export function openDedupIndexes(native: NativeDedup = loadNativeDedup()): DedupIndexes {
  const watched = <Result>(watch: RunWatch, work: (job: DedupIndexJob) => Promise<Result>) =>
    runWatched(new native.DedupIndexJob(), watch, work);
  return {
    build: (folder, { settings, isForced }, files, watch) =>
      watched(watch, (job) => job.build(folder, settings, isForced, files)),
    add: (folder, files, watch) => watched(watch, (job) => job.add(folder, files)),
    remove: (folder, ids) => new native.DedupIndexJob().remove(folder, [...ids]),
    merge: (folder) => new native.DedupIndexJob().remove(folder, []),
    look: (folder, { isChecked }) => new native.DedupIndexJob().look(folder, isChecked),
    query: (folder, text, options) => new native.DedupIndexJob().query(folder, text, options),
    queryFiles: (folder, { files, output, ...options }, watch) =>
      watched(watch, (job) => job.queryFiles(folder, files, output, options)),
  };
}
