import { describe, expect, it } from 'vitest';
import { parseUploadHints } from './upload-hints.ts';

const notification = (object: object, eventName = 'ObjectCreated:Put') =>
  JSON.stringify({
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        eventName,
        s3: { s3SchemaVersion: '1.0', bucket: { name: 'in', arn: 'arn:aws:s3:::in' }, object },
      },
    ],
  });

const bridgeEvent = (object: object) =>
  JSON.stringify({
    version: '0',
    source: 'aws.s3',
    'detail-type': 'Object Created',
    detail: { version: '0', bucket: { name: 'in' }, object, reason: 'PutObject' },
  });

describe('a message of the event queue', () => {
  it('hints at the version that a notification names', () => {
    const body = notification({ key: 'run/step-1/m.pt', size: 1, versionId: 'v1', sequencer: '0' });
    expect(parseUploadHints(body)).toEqual([
      { bucket: 'in', key: 'run/step-1/m.pt', versionId: 'v1' },
    ]);
  });

  it.each([
    ['a+b%2Bc', 'a b+c'],
    ['%252e', '%2e'],
    ['..%2F..%2Fetc', '../../etc'],
    ['line%0Abreak', 'line\nbreak'],
    ['%E2%80%A8', '\u2028'],
    ['%F0%9F%A6%99.pt', '🦙.pt'],
  ])('decodes the key of a notification once: %s', (encoded, key) => {
    expect(parseUploadHints(notification({ key: encoded }))[0]?.key).toBe(key);
  });

  it('takes the key of an EventBridge event as it is', () => {
    const object = { key: 'a+b%2Bc', size: 1, etag: 'e', 'version-id': 'v1' };
    expect(parseUploadHints(bridgeEvent(object))).toEqual([
      { bucket: 'in', key: 'a+b%2Bc', versionId: 'v1' },
    ]);
  });

  it.each([
    [notification({ key: 'a' })],
    [notification({ key: 'a', versionId: '' })],
    [bridgeEvent({ key: 'a' })],
  ])('names no version where the bucket has none', (body) => {
    expect(parseUploadHints(body)[0]?.versionId).toBeNull();
  });

  it('hints at nothing for the test message and for what is no upload', () => {
    const test = { Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'in' };
    expect(parseUploadHints(JSON.stringify(test))).toEqual([]);
    expect(parseUploadHints(notification({ key: 'a' }, 'ObjectRemoved:Delete'))).toEqual([]);
  });

  it.each([
    'not JSON',
    '{}',
    '{"Records":[{"eventSource":"aws:sns"}]}',
    notification({ key: '%E0%A4%A' }),
    notification({ key: '' }),
    notification({ key: 'k'.repeat(1_025) }),
    bridgeEvent({ key: 7 }),
  ])('is refused where S3 does not send such: %s', (body) => {
    expect(() => parseUploadHints(body)).toThrow(/JSON|invalid|expected|small|big/iu);
  });
});
