import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import {
  DATASETS_PREFIX,
  DEDUP_WORK_PREFIX,
  DEDUPLICATED_PREFIX,
} from '../../shared/contracts/dedup-keys.ts';
import type { MithrilConfig } from '../config-schema.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import type { DedupSteps } from './dedup-states.ts';
import { grantKey } from './encryption.ts';
import type { Worker } from './worker.ts';

export interface DedupRightsProps {
  readonly store: CheckpointStore;
  readonly dedup: MithrilConfig['dedup'];
  readonly kmsKeyArn: string | undefined;
}

interface DataPlace {
  readonly bucketArn: string;
  readonly prefix: string;
  readonly kmsKeyArn: string | undefined;
}

/** Who may do what; test/infra holds the matrix of allowed and denied calls. */
export function grantDedupRights(
  scope: Construct,
  steps: DedupSteps,
  props: DedupRightsProps,
): void {
  const { dedup } = props;
  const bucketArn = props.store.bucket.bucketArn;
  const own = (prefix: string): DataPlace => ({ bucketArn, prefix, kmsKeyArn: props.kmsKeyArn });
  const { partition } = Stack.of(scope);
  const others = (places: MithrilConfig['dedup']['sources']): readonly DataPlace[] =>
    places.map(({ bucketName, prefix, kmsKeyArn }) => ({
      bucketArn: `arn:${partition}:s3:::${bucketName}`,
      prefix,
      kmsKeyArn,
    }));
  const sources = [own(DATASETS_PREFIX), ...others(dedup.sources)];
  const targets = [own(DEDUPLICATED_PREFIX), ...others(dedup.targets)];
  const { plan, hash, shingle, filter, report } = steps;
  for (const worker of Object.values(steps)) {
    worker.setVariable('MITHRIL_STORE_BUCKET', props.store.bucket.bucketName);
    grantWrite(worker, 'Job', [own(DEDUP_WORK_PREFIX)]);
  }
  for (const worker of [hash, shingle, filter]) grantRead(worker, sources);
  for (const worker of [plan, filter, report]) grantWrite(worker, 'Deduplicated', targets);
  // What lies at the output is listed, too: nothing is overwritten.
  grantListing(plan, [...sources, ...targets]);
}

function grantRead(worker: Worker, places: readonly DataPlace[]): void {
  worker.allow({
    sid: 'ReadDatasets',
    actions: ['s3:GetObject', 's3:GetObjectVersion'],
    resources: places.map(objectsOf),
    wildcardReason: 'Datasets are read under the configured prefixes only.',
  });
  seeAbsence(worker, 'Datasets', places);
  grantKeys(worker, 'ReadDatasets', places, 'read');
}

/** What is there already is compared, and an upload that lost is aborted. */
function grantWrite(worker: Worker, name: string, places: readonly DataPlace[]): void {
  worker.allow({
    sid: `Write${name}`,
    actions: ['s3:PutObject', 's3:GetObject', 's3:AbortMultipartUpload'],
    resources: places.map(objectsOf),
    wildcardReason: 'Work and results of jobs, under their own prefixes only.',
  });
  seeAbsence(worker, name, places);
  grantKeys(worker, `Write${name}`, places, 'write');
}

function grantListing(worker: Worker, places: readonly DataPlace[]): void {
  places.forEach(({ bucketArn, prefix }, index) =>
    worker.allow({
      sid: `ListVersions${index}`,
      actions: ['s3:ListBucketVersions'],
      resources: [bucketArn],
      conditions: { StringLike: { 's3:prefix': [`${prefix}*`] } },
    }),
  );
}

/** Without the right to list, S3 answers 403 for what is not there. HEAD and GET carry no prefix. */
function seeAbsence(worker: Worker, name: string, places: readonly DataPlace[]): void {
  places.forEach(({ bucketArn, prefix }, index) =>
    worker.allow({
      sid: `SeeAbsenceOf${name}${index}`,
      actions: ['s3:ListBucket'],
      resources: [bucketArn],
      conditions: { StringLikeIfExists: { 's3:prefix': [`${prefix}*`] } },
    }),
  );
}

function grantKeys(
  worker: Worker,
  name: string,
  places: readonly DataPlace[],
  access: 'read' | 'write',
): void {
  const keys = [...new Set(places.map(({ kmsKeyArn }) => kmsKeyArn))];
  keys.forEach((keyArn, index) =>
    grantKey(worker, { sid: `${name}Key${index}`, keyArn, service: 's3', access }),
  );
}

const objectsOf = ({ bucketArn, prefix }: DataPlace): string => `${bucketArn}/${prefix}*`;
