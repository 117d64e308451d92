import { formatBytes, formatRate, formatRatio, formatSeconds } from './quantity.ts';

const PRODUCT = 'mithril-checkpoint:';

export interface Work {
  /** Bytes of the original. */
  readonly bytesIn: number;
  /** Bytes of its compressed form. */
  readonly bytesOut: number;
  readonly seconds: number;
}

/** `mithril-checkpoint: Compressed 329 GiB → 8.4 GiB (39.2x) in 142s (2.32 GiB/s)` (DESIGN section 5). */
export function compressedLine(work: Work): string {
  const sizes = `${formatBytes(work.bytesIn)} → ${formatBytes(work.bytesOut)}`;
  return `${PRODUCT} Compressed ${sizes} (${formatRatio(work.bytesIn, work.bytesOut)}) ${pace(work)}`;
}

export function restoredLine(work: Work): string {
  const sizes = `${formatBytes(work.bytesOut)} → ${formatBytes(work.bytesIn)}`;
  return `${PRODUCT} Restored ${sizes} ${pace(work)}`;
}

export function verifiedLine(work: Work): string {
  const stored = `${formatBytes(work.bytesOut)} stored, ${formatRatio(work.bytesIn, work.bytesOut)}`;
  return `${PRODUCT} Verified ${formatBytes(work.bytesIn)} (${stored}) ${pace(work)}`;
}

function pace(work: Work): string {
  return `in ${formatSeconds(work.seconds)} (${formatRate(work.bytesIn, work.seconds)})`;
}

/** `mithril-cache: Cache hit! Loaded in 0.8s (saved ~67s compilation time)`; of seconds below ten one decimal. */
export function hitLine(hit: { readonly seconds: number; readonly savedSeconds: number }): string {
  const saved = hit.savedSeconds.toFixed(hit.savedSeconds < 9.95 ? 1 : 0);
  return `mithril-cache: Cache hit! Loaded in ${formatSeconds(hit.seconds)} (saved ~${saved}s compilation time)`;
}
