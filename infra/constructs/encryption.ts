import { Aws } from 'aws-cdk-lib';
import { CfnGlobalTable, type TableV2 } from 'aws-cdk-lib/aws-dynamodb';
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

/** TableV2 writes the key of a replica only where the stack names its Region; ours names none. */
export function encryptTable(table: TableV2, keyArn: string): void {
  const resource = table.node.defaultChild;
  if (!(resource instanceof CfnGlobalTable)) throw new Error('a table without its resource');
  resource.addPropertyOverride('SSESpecification', { SSEEnabled: true, SSEType: 'KMS' });
  resource.addPropertyOverride('Replicas.0.SSESpecification', { KMSMasterKeyId: keyArn });
}
