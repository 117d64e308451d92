import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  type Stack,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { S3Client } from '@aws-sdk/client-s3';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { readStackAssembly, type StackAssembly } from './assembly.ts';
import { LocalStackError } from './local-stack-error.ts';
import { LOCAL_ACCOUNT, LOCAL_CREDENTIALS, LOCAL_REGION } from './ministack-environment.ts';
import { countFinished, describeStack, isDeadOnArrival, listFailures } from './stack-state.ts';
import { type UploadSummary, uploadAssets } from './upload-assets.ts';

const DEPLOY_DEADLINE_MS = 120_000;
const POLL_MS = 100;
/** Every template of CDK's default synthesizer checks this parameter before it deploys. */
const BOOTSTRAP_PARAMETER = '/cdk-bootstrap/hnb659fds/version';
const BOOTSTRAP_VERSION = '30';
/** Digest of what was deployed last: MiniStack itself would run an update that changes nothing. */
const TEMPLATE_TAG = 'mithril:template';

export interface DeployOptions {
  readonly endpoint: string;
  /** The folder that `cdk synth` wrote. */
  readonly cdkOut: string;
  readonly stackName: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
  readonly onProgress?: (progress: DeployProgress) => void;
}

export type DeployProgress =
  | { readonly stage: 'assets'; readonly done: number; readonly total: number }
  | { readonly stage: 'stack'; readonly done: number; readonly total: number };

export interface Deployment {
  readonly kind: 'created' | 'updated' | 'unchanged';
  readonly outputs: Readonly<Record<string, string>>;
  readonly assets: UploadSummary;
  readonly assetsMs: number;
  readonly stackMs: number;
}

/** Deploys one stack of an assembly to the local stack, as `cdk deploy` would. Running it again is safe. */
export async function deployAssembly(options: DeployOptions): Promise<Deployment> {
  const startedAt = performance.now();
  const deadline = startedAt + (options.deadlineMs ?? DEPLOY_DEADLINE_MS);
  const client = clientConfig(options.endpoint);
  const scope = { account: LOCAL_ACCOUNT, region: LOCAL_REGION };
  const assembly = readStackAssembly(options.cdkOut, options.stackName, scope);
  const total = assembly.assets.length;
  const s3 = new S3Client(client);
  const assets = await uploadAssets(s3, assembly.assets, (done) =>
    options.onProgress?.({ stage: 'assets', done, total }),
  );
  await putBootstrapVersion(new SSMClient(client));
  const assetsMs = Math.round(performance.now() - startedAt);
  const cloudFormation = new CloudFormationClient(client);
  refuseLate(deadline, assembly.stackName, 'preparing its assets');
  const parameters = options.parameters ?? {};
  const { bucket, key } = assembly.templateAsset;
  const templateUrl = `${options.endpoint}/${bucket}/${key}`;
  const target = { assembly, templateUrl, parameters };
  const kind = await createOrUpdate(cloudFormation, target, deadline).catch((cause: unknown) =>
    refuse(assembly.stackName, cause),
  );
  const stack = await waitUntilSettled(cloudFormation, assembly, deadline, options.onProgress);
  const outputs = (stack.Outputs ?? []).map((it) => [it.OutputKey ?? '', it.OutputValue ?? '']);
  const stackMs = Math.round(performance.now() - startedAt) - assetsMs;
  return { kind, outputs: Object.fromEntries(outputs), assets, assetsMs, stackMs };
}

/** What an SDK client needs to reach the local stack. */
export function clientConfig(endpoint: string) {
  return { endpoint, region: LOCAL_REGION, credentials: LOCAL_CREDENTIALS } as const;
}

async function putBootstrapVersion(ssm: SSMClient): Promise<void> {
  const parameter = { Name: BOOTSTRAP_PARAMETER, Value: BOOTSTRAP_VERSION } as const;
  await ssm.send(new PutParameterCommand({ ...parameter, Type: 'String', Overwrite: true }));
}

interface Target {
  readonly assembly: StackAssembly;
  readonly templateUrl: string;
  readonly parameters: Readonly<Record<string, string>>;
}

async function createOrUpdate(
  client: CloudFormationClient,
  target: Target,
  deadline: number,
): Promise<Deployment['kind']> {
  const { assembly, templateUrl, parameters } = target;
  const digest = createHash('sha256')
    .update(JSON.stringify([assembly.templateBody, parameters]))
    .digest('hex');
  const input = {
    StackName: assembly.stackName,
    TemplateURL: templateUrl,
    Capabilities: ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM'] as const,
    Parameters: Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({
      ParameterKey,
      ParameterValue,
    })),
    Tags: [{ Key: TEMPLATE_TAG, Value: digest }],
  };
  const existing = await describeStack(client, assembly.stackName);
  if (existing === null || isDeadOnArrival(existing)) {
    if (existing !== null) await deleteStack(client, assembly.stackName, deadline);
    await client.send(new CreateStackCommand({ ...input, Capabilities: [...input.Capabilities] }));
    return 'created';
  }
  const deployed = existing.Tags?.find((tag) => tag.Key === TEMPLATE_TAG)?.Value;
  if (deployed === digest && /^(CREATE|UPDATE)_COMPLETE$/.test(existing.StackStatus ?? '')) {
    return 'unchanged';
  }
  await client.send(new UpdateStackCommand({ ...input, Capabilities: [...input.Capabilities] }));
  return 'updated';
}

/** CloudFormation refuses a template before it starts: a type that it does not know, say. */
function refuse(stackName: string, cause: unknown): never {
  if (cause instanceof LocalStackError) throw cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new LocalStackError('deploy-failed', stackName, `refused: ${reason}`, { cause });
}

async function deleteStack(client: CloudFormationClient, name: string, deadline: number) {
  await client.send(new DeleteStackCommand({ StackName: name }));
  for (;;) {
    const stack = await describeStack(client, name);
    if (stack === null || stack.StackStatus === 'DELETE_COMPLETE') return;
    await sleepUntil(deadline, name, stack);
  }
}

async function waitUntilSettled(
  client: CloudFormationClient,
  assembly: StackAssembly,
  deadline: number,
  onProgress: DeployOptions['onProgress'],
): Promise<Stack> {
  for (;;) {
    const stack = await describeStack(client, assembly.stackName);
    const status = stack?.StackStatus ?? 'DELETE_COMPLETE';
    if (onProgress !== undefined) {
      const done = await countFinished(client, assembly.stackName);
      onProgress({ stage: 'stack', done, total: assembly.resourceCount });
    }
    if (stack !== null && /^(CREATE|UPDATE)_COMPLETE$/.test(status)) return stack;
    if (!status.endsWith('_IN_PROGRESS')) {
      const reasons = await listFailures(client, assembly.stackName);
      const message = `the stack ended as ${status}:\n${reasons.join('\n')}\n`;
      throw new LocalStackError('deploy-failed', assembly.stackName, message);
    }
    await sleepUntil(deadline, assembly.stackName, stack);
  }
}

async function sleepUntil(deadline: number, name: string, stack: Stack | null): Promise<void> {
  refuseLate(deadline, name, stack?.StackStatus ?? 'unknown');
  await sleep(POLL_MS);
}

function refuseLate(deadline: number, name: string, state: string): void {
  if (performance.now() <= deadline) return;
  throw new LocalStackError('deploy-deadline', name, `still ${state} when its time was up`);
}
