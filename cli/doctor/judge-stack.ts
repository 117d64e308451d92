import { VERSION } from '../../shared/contracts/version.ts';
import type { FunctionFacts } from '../aws/read-functions.ts';
import type { StackFacts } from '../aws/read-stack.ts';
import { type CheckResult, fail, ok, warn } from './check.ts';

const NAMED_MAX = 5;

export function judgeStack({ name, status, parameters, outputs }: StackFacts): CheckResult {
  const version = outputs['Version'] ?? 'of before 0.1.0';
  const text = `${name} ${status}, version ${version}`;
  if (status.endsWith('_IN_PROGRESS')) return warn(text, 'Look again when it has ended.');
  if (status === 'UPDATE_ROLLBACK_COMPLETE') {
    return warn(
      `${text}: the last update failed and was taken back`,
      'See the events of the stack in the CloudFormation console, then: npx cdk deploy',
    );
  }
  if (!['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'IMPORT_COMPLETE'].includes(status)) {
    return fail(text, 'See the events of the stack in the CloudFormation console.');
  }
  if (parameters['Enabled'] === 'off') {
    return warn(
      `${text}; switched off: nothing starts by itself`,
      'npx cdk deploy --parameters Enabled=on',
    );
  }
  return version === VERSION
    ? ok(text)
    : warn(`${text}, this command ${VERSION}`, 'Use the same version of both: npx cdk deploy');
}

/** One result for all functions: the worst, with the names it is about. */
export function judgeFunctions(functions: readonly FunctionFacts[]): CheckResult {
  const broken = functions.flatMap((it) => faultOf(it) ?? []);
  if (broken.length > 0) {
    const more = broken.length > NAMED_MAX ? `, and ${broken.length - NAMED_MAX} more` : '';
    return fail(
      `${broken.slice(0, NAMED_MAX).join('; ')}${more}`,
      'Put back what was changed: npm run build:layers, then npx cdk deploy',
    );
  }
  const changing = functions.filter(
    ({ state, lastUpdate }) => state === 'Pending' || lastUpdate === 'InProgress',
  );
  if (changing.length > 0) {
    return warn(`${changing.length} functions are being changed`, 'Look again in a minute.');
  }
  const kinds = new Set(functions.map((it) => `${it.runtime} on ${it.architecture}`));
  return ok(`${functions.length} functions, ${[...kinds].sort().join(', ')}`);
}

function faultOf(it: FunctionFacts): string | null {
  if (it.state === 'Failed' || it.lastUpdate === 'Failed') return `${it.name} failed to deploy`;
  if (it.reserved === 0) return `${it.name} may not run at all (its concurrency is 0)`;
  const foreign = it.layers.find(
    ({ architectures }) => architectures.length > 0 && !architectures.includes(it.architecture),
  );
  if (foreign === undefined) return null;
  return `${it.name} runs on ${it.architecture}, its layer ${foreign.arn} is for ${foreign.architectures.join(', ')}`;
}
