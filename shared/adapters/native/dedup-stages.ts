import type { DedupStages } from '../../ports/dedup-stages.ts';
import { loadNativeDedup } from './load-native.ts';
import type { NativeDedup } from './native-dedup.ts';

/** The stages of a job, by the native code. */
export function openDedupStages(native: NativeDedup = loadNativeDedup()): DedupStages {
  return {
    open: (request) => new native.DedupStage(request),
    explainBands: (settings) => native.explainBands(settings),
  };
}
