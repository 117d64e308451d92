import { expect, it } from 'vitest';
import { describeFailure } from './service-failure.ts';

const failed = (name: string, fields: object = {}): Error =>
  Object.assign(new Error(`${name} happened`), { name }, fields);

it.each([
  ['SlowDown', 503],
  ['ServiceUnavailable', 503],
  ['InternalError', 500],
  ['ThrottlingException', 400],
  ['ProvisionedThroughputExceededException', 400],
  ['RequestTimeout', 400],
  ['BadDigest', 400],
  ['ExpiredToken', 400],
  ['AnythingElse', 502],
  ['AnythingElse', 429],
])('calls %s with status %i retryable', (name, httpStatusCode) => {
  const failure = describeFailure(failed(name, { $metadata: { httpStatusCode } }));
  expect(failure).toMatchObject({ code: name, status: httpStatusCode, retryable: true });
});

it.each([
  ['AccessDenied', 403],
  ['NoSuchBucket', 404],
  ['InvalidRange', 416],
  ['ValidationException', 400],
  ['ResourceNotFoundException', 400],
])('calls %s with status %i final', (name, httpStatusCode) => {
  const failure = describeFailure(failed(name, { $metadata: { httpStatusCode } }));
  expect(failure).toMatchObject({ code: name, retryable: false });
});

it.each(['ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'EAI_AGAIN', 'ECONNREFUSED'])(
  'reads the code of a socket error: %s',
  (code) => {
    const failure = describeFailure(failed('Error', { code }));
    expect(failure).toMatchObject({ code, status: null, retryable: true });
  },
);

it('takes the SDK at its word about what may be retried', () => {
  const failure = describeFailure(failed('Odd', { $retryable: { throttling: false } }));
  expect(failure.retryable).toBe(true);
});

it('counts the requests that were sent', () => {
  expect(describeFailure(failed('Odd', { $metadata: { attempts: 3 } })).attempts).toBe(3);
  expect(describeFailure(failed('Odd')).attempts).toBe(1);
});

it('makes something of what is no error at all', () => {
  for (const thrown of ['text', null, undefined, 7]) {
    expect(describeFailure(thrown)).toMatchObject({ code: 'Unknown', retryable: false });
  }
});
