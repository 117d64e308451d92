import { describe, expect, it } from 'vitest';
import type { ObjectVersion } from '../../contracts/checkpoint-object.ts';
import { DEFAULT_KEY_PATTERN } from '../../contracts/environment.ts';
import { refusalOf } from './admission.ts';
import { placeInSeries } from './series.ts';

const at = (key: string, lastModifiedMs = 7_000): ObjectVersion => ({
  bucket: 'b',
  key,
  versionId: null,
  etag: 'e',
  bytes: 1,
  lastModifiedMs,
});
const place = (key: string, metadata: Record<string, string> = {}) =>
  placeInSeries(at(key), metadata, DEFAULT_KEY_PATTERN);

describe('series', () => {
  it.each([
    ['run-7/step-001000/model.safetensors', 1_000],
    ['out/checkpoint-500/optimizer.pt', 500],
    ['m_step_20.safetensors', 20],
    ['a/global_step123/x', 123],
    ['a/epoch=4.ckpt', 4],
    ['a/epoch=1-step=200.ckpt', 200],
    ['a/epoch_01_step_200/model.pt', 200],
    ['step_000100.npz', 100],
  ])('finds the step of %s', (key, step) => {
    expect(place(key).step).toBe(step);
  });

  it('joins same-named objects of one run, and keeps others apart', () => {
    const { series } = place('run/step-1/model.bin');
    expect(place('run/step-2/model.bin').series).toBe(series);
    expect(place('run/step-2/optimizer.bin').series).not.toBe(series);
    expect(place('other/step-2/model.bin').series).not.toBe(series);
  });

  it.each([
    ['r/global_step100/mp_rank_00_model_states.pt', 'r/global_step200/mp_rank_00_model_states.pt'],
    ['r/checkpoint-5/model-1-of-2.safetensors', 'r/checkpoint-10/model-1-of-2.safetensors'],
    ['r/checkpoint-5/global_step5/mp_rank_00.pt', 'r/checkpoint-10/global_step10/mp_rank_00.pt'],
    ['r/epoch=1-step=200.ckpt', 'r/epoch=12-step=2400.ckpt'],
    ['r/step-100/__0_0.distcp', 'r/step-200/__0_0.distcp'],
    ['r/step_000100.npz', 'r/step_000200.npz'],
    ['r/iter_0000100/mp_rank_00/a.pt', 'r/iter_0000200/mp_rank_00/a.pt'],
  ])('finds %s and %s in one series, in this order', (earlier, later) => {
    const [first, second] = [place(earlier), place(later)];
    expect(second.series).toBe(first.series);
    expect(second.step).toBeGreaterThan(first.step);
  });

  it.each([
    ['r/step-1/model-00001-of-00002.bin', 'r/step-1/model-00002-of-00002.bin'],
    ['r/step-100/__0_0.distcp', 'r/step-100/__1_0.distcp'],
    ['r/global_step5/mp_rank_00.pt', 'r/global_step5/mp_rank_01.pt'],
    ['r/step-5/global_step3.pt', 'r/step-5/global_step4.pt'],
  ])('keeps %s and %s apart', (left, right) => {
    expect(place(left).series).not.toBe(place(right).series);
  });

  it('makes a key without a step its own series, ordered by time', () => {
    expect(place('model.bin')).toEqual({ series: place('model.bin').series, step: 7_000 });
    expect(place('model.bin').series).not.toBe(place('other.bin').series);
  });

  it('takes run and step from metadata first', () => {
    const first = place('x/1.bin', { 'mithril-run': 'r', 'mithril-step': '1' });
    expect(first.step).toBe(1);
    expect(place('y/1.bin', { 'mithril-run': 'r', 'mithril-step': '2' }).series).toBe(first.series);
    expect(place('run/step-5/m', { 'mithril-step': '9' }).step).toBe(9);
  });

  it.each(['', '-1', '1e3', '٣', '1234567890123456', ' 1'])(
    'ignores %j as a step in metadata',
    (text) => {
      expect(place('model.bin', { 'mithril-step': text }).step).toBe(7_000);
    },
  );
});

describe('admission', () => {
  const rules = { storeBucket: 's', sourceBucket: 'b', sourcePrefixes: ['checkpoints/'] };

  it('takes keys under an opted-in prefix of the source bucket only', () => {
    expect(refusalOf(rules, 'b', 'checkpoints/a')).toBeNull();
    expect(refusalOf(rules, 'b', 'other/a')).toContain('prefix');
    expect(refusalOf(rules, 'c', 'checkpoints/a')).toContain('bucket');
    expect(refusalOf({ ...rules, sourcePrefixes: [] }, 'b', 'checkpoints/a')).toContain('prefix');
  });

  it('never takes what we wrote ourselves', () => {
    const own = { storeBucket: 'b', sourceBucket: 'b', sourcePrefixes: [''] };
    expect(refusalOf(own, 'b', 'v1/checkpoints/x/segments/y')).toContain('Mithril');
    expect(refusalOf(own, 'b', 'v1/work/x')).toContain('Mithril');
    expect(refusalOf(own, 'b', 'restored/x')).toBeNull();
  });
});
