// The verdict on one run: each figure against the window of recorded runs.
import { LIMITS, NOISE_RUNS_MIN, WINDOW_RUNS_MAX } from '../../definitions/gate.mjs';
import { median } from '../shared/programs.mjs';

/**
 * [{ name, kind, unit, value, base, runs, ratio, limit, verdict }] for every figure; verdict is 'pass',
 * 'fail' or 'new' (there is no recorded run to compare with).
 */
export function judge(run, records) {
  return Object.entries(run.figures).map(([name, figure]) => {
    const values = windowOf(run, records, figure.kind)
      .map((record) => record.data.figures[name]?.value)
      .filter((value) => value !== undefined)
      .slice(-WINDOW_RUNS_MAX);
    return { name, ...figure, ...compare(figure, values) };
  });
}

/** Bytes are the same everywhere; instructions by processor family and compiler; the rest by machine. */
function windowOf(run, records, kind) {
  const since = records.findLastIndex(({ data }) => data.accepts !== undefined);
  const window = records.slice(Math.max(0, since));
  if (kind === 'bytes') return window;
  const sameFamily = window.filter(({ data }) => data.machine.arch === run.machine.arch);
  if (kind !== 'instructions') {
    const { cpu, cores } = run.machine;
    return sameFamily.filter(
      ({ data }) => data.machine.cpu === cpu && data.machine.cores === cores,
    );
  }
  const sameCompiler = sameFamily.filter(({ data }) => data.machine.rustc === run.machine.rustc);
  return sameCompiler.length > 0 ? sameCompiler : sameFamily;
}

function compare({ kind, value }, values) {
  if (values.length === 0) return { runs: 0, verdict: 'new' };
  const { worse, limit, repeats } = LIMITS[kind];
  const base = median(values);
  const ratio = value / base;
  const allowed = repeats ? limit : beyondNoise(worse, limit, values, base);
  const isWorse = worse === 'more' ? ratio > allowed : ratio < allowed;
  return { base, runs: values.length, ratio, limit: allowed, verdict: isWorse ? 'fail' : 'pass' };
}

/** The limit, moved out to what the window itself reached; without a window's worth of runs none. */
function beyondNoise(worse, limit, values, base) {
  if (values.length < NOISE_RUNS_MIN) return worse === 'more' ? Number.POSITIVE_INFINITY : 0;
  return worse === 'more'
    ? Math.max(limit, limit * (Math.max(...values) / base))
    : Math.min(limit, limit * (Math.min(...values) / base));
}
