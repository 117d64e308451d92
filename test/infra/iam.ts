import type { Statement } from './policies.ts';

/** One call that a role tries: what, on which resource, and the condition keys of the request. */
export interface Call {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string>>;
}

/**
 * Whether the policies of a role allow a call, by the rules of IAM's identity policies: denied unless a statement
 * allows it. `*` and `?` match any characters, a slash too; actions are compared without case. It knows the
 * operators that our policies use and refuses others, so that none is overlooked. Statements are all "Allow".
 */
export function isAllowed(statements: readonly Statement[], role: string, call: Call): boolean {
  return statements.some(
    (statement) =>
      statement.role === role &&
      statement.actions.some((action) =>
        matches(action.toLowerCase(), call.action.toLowerCase()),
      ) &&
      statement.resources.some((resource) => matches(resource, call.resource)) &&
      Object.entries(statement.conditions).every(([operator, keys]) =>
        Object.entries(keys).every(([key, wanted]) =>
          holds(operator, wanted, call.context?.[key] ?? null),
        ),
      ),
  );
}

function holds(operator: string, wanted: unknown, found: string | null): boolean {
  const patterns = (Array.isArray(wanted) ? wanted : [wanted]).map(String);
  if (operator === 'StringLikeIfExists' && found === null) return true;
  if (operator === 'StringLike' || operator === 'StringLikeIfExists') {
    return found !== null && patterns.some((pattern) => matches(pattern, found));
  }
  throw new Error(`the condition operator ${operator} is not known to this test`);
}

function matches(pattern: string, text: string): boolean {
  const source = pattern.replace(/[\\^$.*+?()[\]{}|]/gu, (char) => {
    if (char === '*') return '.*';
    return char === '?' ? '.' : `\\${char}`;
  });
  return new RegExp(`^${source}$`, 'su').test(text);
}
