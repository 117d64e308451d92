import type { WorkMetrics } from '../../contracts/checkpoint-documents.ts';

const NO_WORK: WorkMetrics = {
  seconds: 0,
  codecSeconds: 0,
  cpuSeconds: 0,
  bytesRead: 0,
  bytesWritten: 0,
};

/**
 * Sums the work of many. Where workers share a process, their CPU seconds overlap: the sum is then
 * an upper bound.
 */
export const sumMetrics = (parts: readonly WorkMetrics[]): WorkMetrics =>
  parts.reduce(
    (sum, part) => ({
      seconds: sum.seconds + part.seconds,
      codecSeconds: sum.codecSeconds + part.codecSeconds,
      cpuSeconds: sum.cpuSeconds + part.cpuSeconds,
      bytesRead: sum.bytesRead + part.bytesRead,
      bytesWritten: sum.bytesWritten + part.bytesWritten,
    }),
    NO_WORK,
  );
