import { z } from 'zod';
import { asText, resourcesOf, type StackTemplate } from './synthesize.ts';

const stateSchema = z.looseObject({
  Type: z.enum(['Task', 'Choice', 'Map', 'Pass', 'Succeed', 'Fail']),
  Next: z.string().optional(),
  Default: z.string().optional(),
  Choices: z.array(z.looseObject({ Next: z.string() })).optional(),
  Retry: z.array(z.looseObject({ ErrorEquals: z.array(z.string()) })).optional(),
  ItemProcessor: z.unknown().optional(),
});
const machineSchema = z.looseObject({
  StartAt: z.string(),
  States: z.record(z.string(), stateSchema),
});
export type State = z.infer<typeof stateSchema>;
export type Machine = z.infer<typeof machineSchema> & { readonly isChild: boolean };

/** Each state machine of the template and each item processor, parsed from its definition. */
export function machinesOf(template: StackTemplate): readonly Machine[] {
  return resourcesOf(template, 'AWS::StepFunctions::StateMachine').flatMap(({ Properties }) => {
    const text = asText(Properties['DefinitionString']);
    return withChildren(JSON.parse(text), false);
  });
}

function withChildren(definition: unknown, isChild: boolean): readonly Machine[] {
  const machine = { ...machineSchema.parse(definition), isChild };
  const maps = Object.values(machine.States).filter((state) => state.Type === 'Map');
  return [machine, ...maps.flatMap((state) => withChildren(state.ItemProcessor, true))];
}

export const statesOf = (machines: readonly Machine[], type: State['Type']): readonly State[] =>
  machines.flatMap((machine) =>
    Object.values(machine.States).filter((state) => state.Type === type),
  );
