import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { readStack } from '../aws/read-stack.ts';
import { withStackClients } from '../aws/stack-clients.ts';
import { EXIT } from '../exit-code.ts';
import { writeAtomically } from '../files/atomic-output.ts';
import { parseOptions, pathSchema } from '../parse-options.ts';
import type { Command } from '../session.ts';
import { settingsFromOutputs } from '../settings/from-outputs.ts';
import { readSettings } from '../settings/read-settings.ts';
import { renderSettings } from '../settings/render-settings.ts';

const optionsSchema = z.object({
  stack: z.string().min(1),
  output: pathSchema,
  force: z.boolean().default(false),
});

/** `mithril stack config --stack NAME -o mithril.toml` */
export const stackConfig: Command = async (session, _args, given) => {
  const options = parseOptions(optionsSchema, given);
  const known = readSettings(session, given);
  const { outputs } = await withStackClients(known, ({ cloudFormation }) =>
    readStack(cloudFormation, options.stack),
  );
  const settings = {
    ...settingsFromOutputs(options.stack, outputs),
    ...(known.profile === null ? {} : { profile: known.profile }),
    ...(known.endpointUrl === null ? {} : { endpoint_url: known.endpointUrl }),
    ...(known.isLocal ? { local_credentials: true } : {}),
  };
  const text = renderSettings(settings, `mithril stack config --stack ${options.stack}`);
  const { output, force } = options;
  const target = { path: output, isForced: force, interruption: session.interruption };
  await writeAtomically(target, (temporary) => writeFile(temporary, text, { flag: 'wx' }));
  session.terminal.result(
    `Written: ${output}\nNext: mithril ckpt status s3://${settings.checkpoints?.source_bucket}/`,
    { command: 'stack config', output, settings },
  );
  return EXIT.ok;
};
