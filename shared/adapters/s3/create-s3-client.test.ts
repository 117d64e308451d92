import { createServer, type IncomingMessage, type Server } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readAwsOptions } from '../aws/client-options.ts';
import { createS3Client } from './create-s3-client.ts';
import { createS3ObjectStore } from './s3-object-store.ts';

let server: Server;
let endpoint: string;
let requests: IncomingMessage[];
let statuses: number[];

beforeEach(async () => {
  requests = [];
  statuses = [];
  server = createServer((request, response) => {
    requests.push(request);
    request.resume();
    request.once('end', () => {
      response.writeHead(statuses.shift() ?? 200, { etag: '"e1"' });
      response.end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
});
afterEach(() => void server.close());

const connect = () => {
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const client = createS3Client({ endpoint, region: 'us-east-1', credentials, attemptsMax: 3 });
  return createS3ObjectStore(client);
};

it('writes path-style, with a CRC32 and without hashing the body for the signature', async () => {
  await connect().write({ bucket: 'bucket', key: 'a/../b c' }, Buffer.from('hello'), {
    ifAbsent: true,
  });
  expect(requests).toHaveLength(1);
  const [request] = requests;
  expect(request?.url).toMatch(/^\/bucket\/a\/\.\.\/b%20c(?:\?|$)/);
  expect(request?.headers).toMatchObject({
    'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
    'x-amz-checksum-crc32': 'NhCmhg==',
    'if-none-match': '*',
    'content-length': '5',
  });
});

it('tries a server that is busy again, as often as it was told', async () => {
  statuses = [503, 500];
  const target = { bucket: 'bucket', key: 'k' };
  const written = await connect().write(target, Buffer.from('x'), { ifAbsent: false });
  expect(written).toMatchObject({ kind: 'created', etag: 'e1' });
  expect(requests).toHaveLength(3);
  statuses = [503, 503, 503, 503];
  const busy = connect().write(target, Buffer.from('x'), { ifAbsent: false });
  await expect(busy).rejects.toMatchObject({ name: 'ObjectStoreError', retryable: true });
  expect(requests).toHaveLength(6);
});

it('calls a server that does not answer a retryable fault', async () => {
  server.close();
  const head = connect().head({ bucket: 'bucket', key: 'k' });
  await expect(head).rejects.toMatchObject({ code: 'ECONNREFUSED', retryable: true });
});

it('reads region and endpoint of the process', () => {
  expect(readAwsOptions({})).toEqual({});
  expect(readAwsOptions({ AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL: endpoint })).toEqual({
    region: 'eu-west-1',
    endpoint,
  });
  expect(() => readAwsOptions({ AWS_ENDPOINT_URL: 'not a url' })).toThrow(/AWS_ENDPOINT_URL/);
});
