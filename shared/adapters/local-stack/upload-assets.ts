import { readFileSync } from 'node:fs';
import {
  CreateBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { FileAsset } from './assembly.ts';
import { zipFolder } from './zip.ts';

export interface UploadSummary {
  readonly uploaded: number;
  readonly skipped: number;
  readonly bytes: number;
}

/** Puts the assets where the template expects them, as `cdk-assets publish` does; what is there already is left. */
export async function uploadAssets(
  s3: S3Client,
  assets: readonly FileAsset[],
  onAsset: (done: number) => void,
): Promise<UploadSummary> {
  for (const bucket of new Set(assets.map((it) => it.bucket))) await ensureBucket(s3, bucket);
  const summary = { uploaded: 0, skipped: 0, bytes: 0 };
  for (const asset of assets) {
    if (await exists(s3, asset)) {
      summary.skipped += 1;
    } else {
      const body = asset.packaging === 'zip' ? zipFolder(asset.path) : readFileSync(asset.path);
      await s3.send(new PutObjectCommand({ Bucket: asset.bucket, Key: asset.key, Body: body }));
      summary.uploaded += 1;
      summary.bytes += body.length;
    }
    onAsset(summary.uploaded + summary.skipped);
  }
  return summary;
}

async function ensureBucket(s3: S3Client, bucket: string): Promise<void> {
  try {
    await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  } catch (error) {
    if (!(error instanceof Error) || !error.name.startsWith('BucketAlready')) throw error;
  }
}

async function exists(s3: S3Client, asset: FileAsset): Promise<boolean> {
  try {
    await s3.send(new HeadObjectCommand({ Bucket: asset.bucket, Key: asset.key }));
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === 'NotFound') return false;
    throw error;
  }
}
