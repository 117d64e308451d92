import type { LogFields } from '../../ports/log.ts';
import type { CheckpointContext } from './context.ts';

/** Fields that the work adds to its one log line. */
export type LogLine = Record<string, LogFields[string]>;

/** One line a use case, also when it throws: then with the error's name and code. */
export const logUseCase = async <Output extends { readonly kind: string }>(
  context: Pick<CheckpointContext, 'clock' | 'log'>,
  event: string,
  fields: LogFields,
  work: (line: LogLine) => Promise<Output>,
): Promise<Output> => {
  const line: LogLine = { ...fields };
  const startSeconds = context.clock.seconds();
  try {
    const output = await work(line);
    line['outcome'] = output.kind;
    return output;
  } catch (error) {
    line['outcome'] = 'fault';
    line['error'] = error instanceof Error ? error.message : String(error);
    throw error;
  } finally {
    line['ms'] = Math.round((context.clock.seconds() - startSeconds) * 1_000);
    context.log.write(event, line);
  }
};
