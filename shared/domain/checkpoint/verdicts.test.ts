import { describe, expect, it } from 'vitest';
import { checkpointIdSchema, sha256Schema } from '../../contracts/brands.ts';
import type { CheckpointRow, SeriesRow } from '../../contracts/checkpoint-catalogue.ts';
import { ATTEMPTS_MAX, CHAIN_DEPTH_MAX } from '../../contracts/limits.ts';
import { judgeAttempt } from './attempt.ts';
import { judgeSamples, refuseCandidate } from './base-choice.ts';
import { judgePublication } from './judge-publication.ts';
import { judgeRetirement } from './judge-retirement.ts';

const SHA = sha256Schema.parse('a'.repeat(64));
const object = {
  bucket: 'b',
  key: 'k',
  versionId: 'v',
  etag: 'e',
  bytes: 1_000,
  lastModifiedMs: 0,
};
const verified = {
  manifestKey: 'm',
  manifestSha256: SHA,
  bytesOut: 800,
  depth: 0,
  chainStoredBytes: 800,
  base: null,
  verifiedMs: 0,
  encodeCpuSeconds: 0,
  verifyCpuSeconds: 0,
  bytesMoved: 0,
};
const row: CheckpointRow = {
  state: 'STARTED',
  attempt: 1,
  object,
  series: SHA,
  step: 1,
  startedMs: 0,
  updatedMs: 0,
  reason: '',
  verified: null,
};
const candidate: SeriesRow = {
  checkpointId: checkpointIdSchema.parse(SHA),
  step: 1,
  object,
  verified,
};

describe('the verdict on an attempt', () => {
  it('leaves what runs or is unknown alone', () => {
    expect(judgeAttempt(row, { kind: 'running' }).kind).toBe('leave');
    expect(judgeAttempt(row, { kind: 'absent' }).kind).toBe('leave');
  });

  it('advances after every kind of failure, and after a success that did not do its work', () => {
    for (const kind of ['failed', 'timed-out', 'aborted'] as const) {
      expect(judgeAttempt(row, { kind, reason: 'why' })).toMatchObject({
        kind: 'advance',
        reason: expect.stringContaining('why'),
      });
    }
    expect(judgeAttempt(row, { kind: 'succeeded' }).kind).toBe('advance');
  });

  it('gives up when the attempts are used up', () => {
    const last = { ...row, attempt: ATTEMPTS_MAX };
    expect(judgeAttempt(last, { kind: 'failed', reason: '' }).kind).toBe('give-up');
  });
});

describe('the verdict on a base', () => {
  it('refuses a missing one and one that is too deep', () => {
    expect(refuseCandidate(null)?.kind).toBe('keyframe');
    const deep = { ...candidate, verified: { ...verified, depth: CHAIN_DEPTH_MAX } };
    expect(refuseCandidate(deep)?.reason).toContain('deep');
    const allowed = { ...candidate, verified: { ...verified, depth: CHAIN_DEPTH_MAX - 1 } };
    expect(refuseCandidate(allowed)).toBeNull();
  });

  it.each([
    { deltaBytes: 89, kind: 'delta' },
    { deltaBytes: 91, kind: 'keyframe' },
    { deltaBytes: 100, kind: 'keyframe' },
    { deltaBytes: 1, kind: 'delta' },
  ])('asks for a gain of a tenth: $deltaBytes of 100 is a $kind', ({ deltaBytes, kind }) => {
    const samples = { rawBytes: 120, deltaBytes, standaloneBytes: 100 };
    expect(judgeSamples(candidate, 1_000, samples).kind).toBe(kind);
  });

  it('refuses a chain whose restore would read more than twice the size', () => {
    const samples = { rawBytes: 100, deltaBytes: 50, standaloneBytes: 90 };
    const long = { ...candidate, verified: { ...verified, chainStoredBytes: 1_501 } };
    expect(judgeSamples(long, 1_000, samples)).toMatchObject({
      kind: 'keyframe',
      reason: expect.stringContaining('2x'),
    });
    const short = { ...candidate, verified: { ...verified, chainStoredBytes: 1_500 } };
    expect(judgeSamples(short, 1_000, samples).kind).toBe('delta');
  });
});

describe('the verdict on a publication', () => {
  const manifest = { crc32: '00000001', crc32c: '00000002', crc64nvme: '0000000000000003' };
  const metrics = { seconds: 0, codecSeconds: 0, cpuSeconds: 0, bytesRead: 0, bytesWritten: 0 };
  const good = { kind: 'verified' as const, originalRead: false, metrics };

  it('publishes when all batches are verified and the whole agrees with S3', () => {
    expect(judgePublication(manifest, null, [good]).kind).toBe('publish');
    const same = { algorithm: 'crc64nvme' as const, value: '0000000000000003' };
    expect(judgePublication(manifest, same, [good, good]).kind).toBe('publish');
  });

  it.each(['crc32', 'crc32c', 'crc64nvme'] as const)('compares %s', (algorithm) => {
    const other = { algorithm, value: 'ffffffff' };
    expect(judgePublication(manifest, other, [good])).toMatchObject({
      kind: 'mismatch',
      reason: expect.stringContaining(algorithm),
    });
  });

  it('lets one mismatch outweigh everything', () => {
    const bad = { kind: 'mismatch' as const, reason: 'bits' };
    const gone = { kind: 'source-gone' as const, reason: 'gone' };
    expect(judgePublication(manifest, null, [good, gone, bad])).toEqual(bad);
    expect(judgePublication(manifest, null, [good, gone])).toMatchObject({ state: 'GONE' });
  });
});

describe('the verdict on a retirement', () => {
  const done: CheckpointRow = { ...row, state: 'VERIFIED', verified };
  const HOUR_MS = 3_600_000;

  it.each(['STARTED', 'QUARANTINED', 'SUPERSEDED', 'GONE', 'FAILED'] as const)(
    'leaves originals of %s rows alone',
    (state) => {
      expect(judgeRetirement({ ...done, state }, 'v', 1e15, 72).kind).toBe('ignore');
    },
  );

  it('leaves originals without a row, or without a version, alone', () => {
    expect(judgeRetirement(null, 'v', 1e15, 72).kind).toBe('ignore');
    expect(judgeRetirement({ ...done, verified: null }, 'v', 1e15, 72).kind).toBe('ignore');
    expect(judgeRetirement(done, null, 1e15, 72).kind).toBe('keep');
  });

  it('waits for the grace time to the millisecond', () => {
    expect(judgeRetirement(done, 'v', 72 * HOUR_MS - 1, 72).kind).toBe('keep');
    expect(judgeRetirement(done, 'v', 72 * HOUR_MS, 72).kind).toBe('check');
    expect(judgeRetirement({ ...done, state: 'RETIRED' }, 'v', 72 * HOUR_MS, 72).kind).toBe(
      'check',
    );
  });
});
