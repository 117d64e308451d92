import { z } from 'zod';
import { stackOutputsSchema } from '../../shared/contracts/stack-outputs.ts';
import { CliError } from '../cli-error.ts';
import type { SettingsFile } from './settings.ts';

const prefixesSchema = z.array(z.string());

/** What the outputs of a deployed stack say about it. */
export function settingsFromOutputs(
  stack: string,
  outputs: Readonly<Record<string, string>>,
): SettingsFile {
  const parsed = stackOutputsSchema.safeParse(outputs);
  if (!parsed.success) {
    const missing = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
    throw new CliError(`the stack ${stack} lacks outputs of a Mithril stack: ${missing}`, {
      advice: 'Name the stack of Mithril with --stack, or deploy this version: npx cdk deploy',
    });
  }
  const it = parsed.data;
  return {
    host: 'aws',
    region: it.Region,
    stack,
    checkpoints: {
      source_bucket: it.SourceBucket,
      source_prefixes: parsePrefixes(it.SourcePrefixes),
      store_bucket: it.StoreBucket,
      table: it.Table,
      key_pattern: it.KeyPattern,
      state_machine_arn: it.CheckpointStateMachineArn,
      restore_state_machine_arn: it.RestoreStateMachineArn,
    },
    dedup: { state_machine_arn: it.DedupStateMachineArn },
    ...(it.CacheUrl === undefined ? {} : { cache: { url: it.CacheUrl, table: it.CacheTable } }),
  };
}

function parsePrefixes(text: string): string[] {
  try {
    return prefixesSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CliError(`the stack's output SourcePrefixes is not a JSON list: ${text}`, { cause });
  }
}
