import {
  type CloudFormationClient,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  type Stack,
} from '@aws-sdk/client-cloudformation';

/** A stack whose creation failed can only be deleted. */
export function isDeadOnArrival(stack: Stack): boolean {
  return /^(CREATE_FAILED|ROLLBACK_COMPLETE|ROLLBACK_FAILED|DELETE_COMPLETE)$/.test(
    stack.StackStatus ?? '',
  );
}

/** The stack as it is, or null. */
export async function describeStack(
  client: CloudFormationClient,
  name: string,
): Promise<Stack | null> {
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: name }));
    return Stacks?.[0] ?? null;
  } catch (error) {
    if (error instanceof Error && error.message.includes('does not exist')) return null;
    throw error;
  }
}

/** How many of its resources are done. */
export async function countFinished(client: CloudFormationClient, name: string): Promise<number> {
  const { StackEvents } = await client.send(new DescribeStackEventsCommand({ StackName: name }));
  const finished = (StackEvents ?? []).filter((it) =>
    /^(CREATE|UPDATE)_COMPLETE$/.test(it.ResourceStatus ?? ''),
  );
  const ids = finished.flatMap((it) => (it.LogicalResourceId === name ? [] : it.LogicalResourceId));
  return new Set(ids).size;
}

/** One line for each resource that failed. */
export async function listFailures(client: CloudFormationClient, name: string): Promise<string[]> {
  const { StackEvents } = await client.send(new DescribeStackEventsCommand({ StackName: name }));
  const failed = (StackEvents ?? []).filter((it) => it.ResourceStatus?.endsWith('_FAILED'));
  return failed.map((it) => {
    const reason = it.ResourceStatusReason ?? 'no reason given';
    return `  ${it.LogicalResourceId} (${it.ResourceType}): ${reason}`;
  });
}
