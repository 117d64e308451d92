import { S3Client } from '@aws-sdk/client-s3';
import { type AwsClientOptions, awsClientConfig } from '../aws/client-options.ts';

const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';

/** S3 clients are made here and nowhere else. */
export function createS3Client(options: AwsClientOptions = {}): S3Client {
  const client = new S3Client({
    ...awsClientConfig(options),
    forcePathStyle: options.endpoint !== undefined,
    // Segments and manifests carry digests of our own; only `readAll` asks for S3's.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestChecksumCalculation: 'WHEN_SUPPORTED',
  });
  signWithoutBody(client);
  return client;
}

/** For presigned URLs: nothing is added to what the one who holds the URL has to send. */
export function createS3LinkClient(options: AwsClientOptions = {}): S3Client {
  return new S3Client({
    ...awsClientConfig(options),
    forcePathStyle: options.endpoint !== undefined,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
}

/**
 * The CRC32 header already protects a body, so signing does not hash it again: SHA-256 would be
 * a second pass over every segment, several times as slow as the CRC.
 */
function signWithoutBody(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => (args) => {
      const isBody =
        context.commandName === 'PutObjectCommand' || context.commandName === 'UploadPartCommand';
      const { request } = args;
      if (isBody && hasHeaders(request)) request.headers['x-amz-content-sha256'] = UNSIGNED_PAYLOAD;
      return next(args);
    },
    { step: 'build', name: 'mithrilSignWithoutBody' },
  );
}

function hasHeaders(request: unknown): request is { headers: Record<string, string> } {
  return typeof request === 'object' && request !== null && 'headers' in request;
}
