import {
  type CloudFormationClient,
  DescribeStacksCommand,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';
import { CliError } from '../cli-error.ts';

export interface StackFacts {
  readonly name: string;
  /** As CloudFormation has it: `UPDATE_COMPLETE`. */
  readonly status: string;
  readonly changedMs: number;
  readonly parameters: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

export interface StackResource {
  readonly type: string;
  readonly logicalId: string;
  readonly id: string;
}

/** A CloudFormation stack by its name. */
export async function readStack(client: CloudFormationClient, name: string): Promise<StackFacts> {
  const { Stacks: stacks } = await client
    .send(new DescribeStacksCommand({ StackName: name }))
    .catch(async (cause: unknown) => {
      if (!(cause instanceof Error && cause.message.includes('does not exist'))) throw cause;
      throw new CliError(`there is no stack ${name} in ${await client.config.region()}`, {
        advice: 'Name it with --stack, and its Region with --region; or deploy: npx cdk deploy',
        cause,
      });
    });
  const stack = stacks?.[0];
  return {
    name,
    status: stack?.StackStatus ?? 'unknown',
    changedMs: (stack?.LastUpdatedTime ?? stack?.CreationTime)?.getTime() ?? 0,
    parameters: toRecord(stack?.Parameters, (it) => [it.ParameterKey, it.ParameterValue]),
    outputs: toRecord(stack?.Outputs, (it) => [it.OutputKey, it.OutputValue]),
  };
}

export async function listStackResources(
  client: CloudFormationClient,
  name: string,
): Promise<readonly StackResource[]> {
  const resources: StackResource[] = [];
  for await (const page of paginateListStackResources({ client }, { StackName: name })) {
    for (const it of page.StackResourceSummaries ?? []) {
      resources.push({
        type: it.ResourceType ?? '',
        logicalId: it.LogicalResourceId ?? '',
        id: it.PhysicalResourceId ?? '',
      });
    }
  }
  return resources;
}

function toRecord<Item>(
  items: readonly Item[] | undefined,
  entryOf: (item: Item) => readonly [string | undefined, string | undefined],
): Readonly<Record<string, string>> {
  const entries = (items ?? []).map(entryOf);
  return Object.fromEntries(entries.map(([name = '', value = '']) => [name, value]));
}
