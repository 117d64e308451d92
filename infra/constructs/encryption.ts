import { Aws } from 'aws-cdk-lib';
import type { Grantee } from './permission.ts';

export interface KeyUse {
  readonly sid: string;
  /** undefined: the service's own key, which needs no right. */
  readonly keyArn: string | undefined;
  readonly service: 's3' | 'dynamodb';
  readonly access: 'read' | 'write';
}

/** The right to use the team's key, only through the service that holds the data. */
export function grantKey(grantee: Grantee, use: KeyUse): void {
  if (use.keyArn === undefined) return;
  // S3 decrypts its own data key again to complete a multipart upload: a writer needs both.
  const actions = use.access === 'read' ? ['kms:Decrypt'] : ['kms:Decrypt', 'kms:GenerateDataKey'];
  grantee.allow({
    sid: use.sid,
    actions,
    resources: [use.keyArn],
    conditions: {
      StringEquals: { 'kms:ViaService': `${use.service}.${Aws.REGION}.amazonaws.com` },
    },
  });
}
