import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';

export interface ObjectAddress {
  readonly bucket: string;
  readonly key: string;
}

const PATTERN = /^s3:\/\/([^/]+)(?:\/(.*))?$/su;
const KEY_BYTES_MAX = 1_024;

export const isS3Uri = (text: string): boolean => text.startsWith('s3://');

/** `s3://bucket/key`; the key is taken as it is written, no character of it means anything. */
export function parseS3Uri(uri: string): ObjectAddress {
  const match = PATTERN.exec(uri);
  const [bucket, key = ''] = [match?.[1], match?.[2]];
  if (bucket === undefined) {
    throw new CliError(`not an s3:// URI: ${uri}`, {
      exitCode: EXIT.usage,
      advice: 'Expected s3://bucket/key.',
    });
  }
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) {
    throw new CliError(`the key is longer than ${KEY_BYTES_MAX} bytes`, { exitCode: EXIT.usage });
  }
  return { bucket, key };
}

/** A URI of one object, not of a bucket or a prefix. */
export function parseObjectUri(uri: string): ObjectAddress {
  const address = parseS3Uri(uri);
  if (address.key === '') {
    throw new CliError(`the URI names a bucket, not an object: ${uri}`, {
      exitCode: EXIT.usage,
      advice: 'Expected s3://bucket/key.',
    });
  }
  return address;
}

export const formatS3Uri = ({ bucket, key }: ObjectAddress): string => `s3://${bucket}/${key}`;
