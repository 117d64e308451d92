import { describe, expect, it } from 'vitest';
import type { ObjectVersion } from '../../contracts/checkpoint-object.ts';
import { asciiJson, asciiJsonLines } from './ascii-json.ts';
import { checkpointIdOf, executionName, isSameVersion } from './identity.ts';

const object: ObjectVersion = {
  bucket: 'b',
  key: 'checkpoints/a',
  versionId: 'v1',
  etag: 'e',
  bytes: 5,
  lastModifiedMs: 1_700_000_000_000,
};

describe('identity', () => {
  it('differs with every part of the version', () => {
    const others = [
      { ...object, bucket: 'c' },
      { ...object, key: 'checkpoints/b' },
      { ...object, versionId: 'v2' },
      { ...object, versionId: null },
      { ...object, etag: 'f' },
      { ...object, bytes: 6 },
    ];
    expect(new Set([object, ...others].map(checkpointIdOf)).size).toBe(7);
  });

  it('takes the time only without a version, in whole seconds', () => {
    expect(isSameVersion(object, { ...object, lastModifiedMs: 0 })).toBe(true);
    const plain = { ...object, versionId: null };
    expect(isSameVersion(plain, { ...plain, lastModifiedMs: 1_700_000_000_999 })).toBe(true);
    expect(isSameVersion(plain, { ...plain, lastModifiedMs: 1_700_000_001_000 })).toBe(false);
  });

  it('makes execution names that Step Functions takes', () => {
    const name = executionName({ checkpointId: checkpointIdOf(object), attempt: 1_000 });
    expect(name).toMatch(/^[0-9a-f]{64}-1000$/u);
    expect(name.length).toBeLessThanOrEqual(80);
  });

  it('is the same in every release', () => {
    // printf '["b","checkpoints/a","v1",5,"e",null]' | sha256sum
    expect(checkpointIdOf(object)).toBe(
      '0470a3ed6736e71e5390ff32ac19ba9ca02194263ba5ba13466431dd8f3d483a',
    );
  });
});

describe('ASCII JSON', () => {
  it('escapes every character outside of ASCII, also beyond U+FFFF, and reads back', () => {
    const value = { text: 'ü\u2028\u2029\u0085\u007f😀\n\u0000', list: ['\ud800'] };
    const text = asciiJson(value);
    expect(text).toMatch(/^[\u0020-\u007e]*$/u);
    expect(JSON.parse(text)).toEqual(value);
  });

  it('gives one line a value', () => {
    expect(asciiJsonLines([{ a: 'x\ny' }, 2])).toBe('{"a":"x\\ny"}\n2\n');
    expect(asciiJsonLines([])).toBe('');
  });
});
