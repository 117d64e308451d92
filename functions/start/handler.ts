import { z } from 'zod';
import { startCheckpoint } from '../../shared/app/checkpoint/start-checkpoint.ts';
import { createStartContext } from '../context.ts';
import { publishMetrics } from '../log.ts';
import { type Invocation, remainingMsOf } from '../serve.ts';
import { parseUploadHints } from './upload-hints.ts';

const batchSchema = z.object({
  Records: z.array(z.object({ messageId: z.string(), body: z.string() })),
});

type StartContext = ReturnType<typeof createStartContext>;

/** Messages of the event queue; a message that failed comes again, at last to the dead letters. */
export const handler = async (event: unknown, invocation: Invocation) => {
  const context = createStartContext(remainingMsOf(invocation));
  const { Records } = batchSchema.parse(event);
  const isDone = await Promise.all(Records.map(({ body }) => takeMessage(context, body)));
  publishMetrics();
  const failed = Records.filter((_, index) => isDone[index] !== true);
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
};

async function takeMessage(context: StartContext, body: string): Promise<boolean> {
  try {
    for (const hint of parseUploadHints(body)) await startCheckpoint(context, hint);
    return true;
  } catch (error) {
    context.log.write('message-failed', { error: String(error) });
    return false;
  }
}
