import { z } from 'zod';
import { asText, resourcesOf, type StackTemplate } from './synthesize.ts';

const list = z.union([z.array(z.unknown()), z.unknown().transform((one) => [one])]);
const statementSchema = z.object({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: z.union([z.array(z.string()), z.string().transform((one) => [one])]),
  Resource: list,
  Condition: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});
const policySchema = z.object({
  PolicyDocument: z.object({ Statement: z.array(statementSchema) }),
  Roles: z.array(z.unknown()).optional(),
});

export interface Statement {
  /** Logical id of the role, without CDK's hash, for example "PipelineEncodeRole". */
  readonly role: string;
  readonly sid: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Every statement of every role's policy. */
export function statementsOf(template: StackTemplate): readonly Statement[] {
  return resourcesOf(template, 'AWS::IAM::Policy').flatMap(({ Properties }) => {
    const { PolicyDocument, Roles } = policySchema.parse(Properties);
    return (Roles ?? []).flatMap((role) =>
      PolicyDocument.Statement.map((statement) => ({
        role: asText(role).slice(1, -1),
        sid: statement.Sid ?? '',
        actions: statement.Action,
        resources: statement.Resource.map(asText),
        conditions: statement.Condition ?? {},
      })),
    );
  });
}

/** What a role may do, as lines "action resource" in order. */
export function rightsOf(statements: readonly Statement[], role: string): readonly string[] {
  const own = statements.filter((it) => it.role === role);
  const lines = own.flatMap(({ actions, resources }) =>
    actions.flatMap((action) => resources.map((resource) => `${action} ${resource}`)),
  );
  return lines.sort();
}
