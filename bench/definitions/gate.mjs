// What the regression gate counts and times, and how much worse it may get.

/** Windows of recorded runs: the median of the last ones decides. */
export const WINDOW_RUNS_MAX = 10;
/** From so many runs the spread of a window says something. */
export const NOISE_RUNS_MIN = 5;

/**
 * By kind of figure: which direction is worse, how far it may go, and whether the figure repeats.
 * Figures that do not repeat (times, even as ratios of paired rounds) fail only beyond the spread of
 * their own window.
 */
export const LIMITS = {
  // Throughput -10%: the same work by 1 / 0.9 of the instructions.
  instructions: { worse: 'more', limit: 1 / 0.9, repeats: true },
  bytes: { worse: 'more', limit: 1.01, repeats: true },
  memory: { worse: 'more', limit: 1.25, repeats: true },
  latency: { worse: 'more', limit: 1.2, repeats: false },
  throughput: { worse: 'less', limit: 0.9, repeats: false },
};

/** Kernels of native/codec/examples/codec_instructions.rs. */
export const KERNELS = ['fp32', 'bf16', 'bf16-delta'].flatMap((kind) => [
  `compress-${kind}`,
  `decompress-${kind}`,
]);
/** The same work more and less often: the difference is free of the start. */
export const REPEATS = [1, 3];
export const KERNEL_BYTES = 4 << 20;
export const ROWS = [300, 900];
