import { CfnOutput, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { StackOutputs } from '../../shared/contracts/stack-outputs.ts';
import { VERSION } from '../../shared/contracts/version.ts';
import type { MithrilConfig } from '../config-schema.ts';
import type { Machine } from './machine.ts';
import type { MithrilCheckpoints } from './mithril-checkpoints.ts';

/** What a person does next, and what `mithril stack config` writes to mithril.toml. */
export class CheckpointOutputs extends Construct {
  constructor(
    scope: Construct,
    id: string,
    checkpoints: MithrilCheckpoints,
    config: MithrilConfig,
  ) {
    super(scope, id);
    const outputs = describe(Stack.of(this), checkpoints, config);
    for (const [name, value] of Object.entries(outputs)) {
      if (value === undefined) continue;
      new CfnOutput(this, name, { value }).overrideLogicalId(name);
    }
  }
}

function describe(
  stack: Stack,
  checkpoints: MithrilCheckpoints,
  config: MithrilConfig,
): StackOutputs {
  const { source, store, pipeline, restore, dedup, reconcile, retire, cache, observability } =
    checkpoints;
  const bucket = source.bucket.bucketName;
  const prefix = source.prefixes[0] ?? 'PREFIX/';
  return {
    Region: stack.region,
    Version: VERSION,
    SourceBucket: bucket,
    SourcePrefixes: JSON.stringify(source.prefixes),
    KeyPattern: config.keyPattern,
    StoreBucket: store.bucket.bucketName,
    Table: store.table.tableName,
    CheckpointStateMachineArn: pipeline.machine.stateMachine.stateMachineArn,
    RestoreStateMachineArn: restore.machine.stateMachine.stateMachineArn,
    DedupStateMachineArn: dedup.machine.stateMachine.stateMachineArn,
    ReconcileFunction: reconcile.worker.function.functionName,
    ...(retire === null ? {} : { RetireFunction: retire.worker.function.functionName }),
    ConfigCommand: `mithril stack config --stack ${stack.stackName}`,
    StatusCommand: `mithril ckpt status s3://${bucket}/${prefix}`,
    TryCommand: `aws s3 cp model.safetensors s3://${bucket}/${prefix}run-1/step-1/`,
    DashboardUrl: `${consoleUrl(stack, 'cloudwatch')}#dashboards:name=${observability.dashboard.dashboardName}`,
    CheckpointConsoleUrl: machineUrl(stack, pipeline.machine),
    RestoreConsoleUrl: machineUrl(stack, restore.machine),
    DedupConsoleUrl: machineUrl(stack, dedup.machine),
    ...(cache === null
      ? {}
      : {
          CacheUrl: cache.url.url,
          CacheTable: cache.table.tableName,
          CacheTokenCommand: `mithril cache token create --table ${cache.table.tableName} --namespace team --write`,
        }),
    ...(config.source.kind === 'own' ? {} : { EnableEventsCommand: enableEvents(bucket) }),
  };
}

const consoleUrl = (stack: Stack, service: string): string =>
  `https://${stack.region}.console.aws.amazon.com/${service}/home?region=${stack.region}`;

const machineUrl = (stack: Stack, machine: Machine): string =>
  `${consoleUrl(stack, 'states')}#/statemachines/view/${machine.stateMachine.stateMachineArn}`;

/**
 * Read, add, write: PutBucketNotificationConfiguration replaces the whole configuration, so what
 * the bucket has is read first and kept. An empty answer means that there is none.
 */
function enableEvents(bucket: string): string {
  const target = `--bucket ${bucket}`;
  return (
    `aws s3api get-bucket-notification-configuration ${target} --output json | ` +
    `python3 -c 'import json,sys; t=sys.stdin.read().strip(); c=json.loads(t) if t else {}; ` +
    `c.setdefault("EventBridgeConfiguration",{}); json.dump(c,sys.stdout)' > notification.json && ` +
    `aws s3api put-bucket-notification-configuration ${target} ` +
    `--notification-configuration file://notification.json`
  );
}
