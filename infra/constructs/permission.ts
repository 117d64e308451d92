import { Stack, Validations } from 'aws-cdk-lib';
import { Effect, type Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';

export interface Permission {
  readonly sid: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Why some resources end in a wildcard; each is acknowledged to cdk-nag by its exact text. */
  readonly wildcardReason?: string;
}

/** What can be given a right: a worker, or the role of a state machine. */
export interface Grantee {
  allow(permission: Permission): void;
}

/** Adds one hand-written statement; without resources (nothing opted in) there is no statement. */
export function addPermission(policy: Policy, permission: Permission): void {
  if (permission.resources.length === 0) return;
  policy.addStatements(
    new PolicyStatement({
      sid: permission.sid,
      effect: Effect.ALLOW,
      actions: [...permission.actions],
      resources: [...permission.resources],
      ...(permission.conditions === undefined ? {} : { conditions: permission.conditions }),
    }),
  );
  const reason = permission.wildcardReason;
  if (reason === undefined) return;
  const texts = permission.resources.map((it) => flatten(Stack.of(policy).resolve(it)));
  for (const text of texts.filter((it) => it.includes('*'))) {
    Validations.of(policy).acknowledge({ id: `AwsSolutions-IAM5[Resource::${text}]`, reason });
  }
}

/** A resolved ARN as cdk-nag writes it in the name of a finding. */
function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  const [kind, content] = Object.entries(value)[0] ?? ['', ''];
  if (kind === 'Ref') return `<${String(content)}>`;
  if (!Array.isArray(content)) return JSON.stringify(value);
  if (kind === 'Fn::GetAtt') return `<${content.join('.')}>`;
  const [separator, items] = content;
  return kind === 'Fn::Join' && Array.isArray(items)
    ? items.map(flatten).join(String(separator))
    : JSON.stringify(value);
}
