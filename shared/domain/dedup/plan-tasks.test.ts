import { describe, expect, it } from 'vitest';
import { estimateJob } from './estimate-job.ts';
import {
  binsMaxFor,
  isDataset,
  objectionTo,
  partsFor,
  planTasks,
  type SizedInput,
  taskBytesFor,
} from './plan-tasks.ts';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const files = (count: number, bytes: number, name = 'f.jsonl'): SizedInput[] =>
  Array.from({ length: count }, (_, at) => ({ name: `${at}/${name}`, bytes }));

describe('the tasks of a job', () => {
  it('cover plain inputs by ranges, and take compressed and empty ones whole', () => {
    const inputs = [
      { name: 'a.jsonl', bytes: 250 },
      { name: 'b.jsonl.gz', bytes: 999 },
      { name: 'c.jsonl', bytes: 0 },
    ];
    expect(planTasks(inputs, 100)).toEqual([
      { file: 0, start: 0, end: 100 },
      { file: 0, start: 100, end: 200 },
      { file: 0, start: 200, end: 250 },
      { file: 1, start: 0, end: 999 },
      { file: 2, start: 0, end: 0 },
    ]);
  });

  it.each([
    [10, 100 * MIB],
    [1_000, GIB],
    [5_000, GIB],
  ])('keep reads below a million: %i objects of %i bytes', (count, bytes) => {
    const inputs = files(count, bytes);
    const tasks = planTasks(inputs, taskBytesFor(inputs)).length;
    expect(objectionTo(inputs)).toBeNull();
    expect(tasks).toBeLessThanOrEqual(10_000);
    expect(tasks * 20 * partsFor(inputs, tasks, 20)).toBeLessThanOrEqual(1_000_000);
    expect(tasks * binsMaxFor(tasks)).toBeLessThanOrEqual(1_000_000);
  });

  it('are of datasets only, not of reports', () => {
    expect(['a.jsonl', 'x/b.json.zst', 'c.NDJSON.gz'].map(isDataset)).toEqual([true, true, true]);
    expect(['a.csv', '_mithril/totals.json', 'x/_mithril/report/a.jsonl'].map(isDataset)).toEqual([
      false,
      false,
      false,
    ]);
  });

  it.each([
    [files(0, 0), /No \.jsonl/u],
    [files(10_001, 1), /10001 objects/u],
    [files(1, 21 * GIB), /AWS Batch/u],
    [files(1, 2 * GIB, 'f.jsonl.gz'), /Split it/u],
    [files(1_100, 10 * GIB), /EMR/u],
  ])('are refused where a job cannot do them', (inputs, reason) => {
    expect(objectionTo(inputs)).toMatch(reason);
  });
});

describe('the estimate of a job', () => {
  const shape = {
    inputs: files(1_000, 2 * GIB),
    tasks: 2_000,
    bands: 20,
    rowBytes: 2_000,
    candidateShare: 0.05,
    workers: 1_000,
  };

  it('says what a billion rows take with a thousand workers', () => {
    const estimate = estimateJob(shape);
    expect(estimate.rows).toBe(Math.ceil((2_000 * GIB) / 2_000));
    expect(estimate.shuffleBytes).toBe(estimate.rows * 20 * 44);
    expect(estimate.seconds).toBeGreaterThan(300);
    expect(estimate.seconds).toBeLessThan(3_600);
    expect(estimate.usd).toBeGreaterThan(5);
    expect(estimate.usd).toBeLessThan(200);
  });

  it('takes longer with fewer workers, and costs the same', () => {
    const few = estimateJob({ ...shape, workers: 100 });
    const many = estimateJob(shape);
    expect(few.seconds).toBeGreaterThan(3 * many.seconds);
    expect(few.usd).toBeCloseTo(many.usd, 6);
  });
});
