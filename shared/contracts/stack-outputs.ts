import { z } from 'zod';

/**
 * Outputs of the CloudFormation stack, by their names: what `infra` writes and
 * `mithril stack config` turns into mithril.toml.
 */
export const stackOutputsSchema = z.object({
  Region: z.string(),
  /** Of Mithril; stacks of before 2026-11-26 have none. */
  Version: z.string().optional(),
  SourceBucket: z.string(),
  /** JSON list; empty = none opted in. */
  SourcePrefixes: z.string(),
  KeyPattern: z.string(),
  StoreBucket: z.string(),
  Table: z.string(),
  CheckpointStateMachineArn: z.string(),
  RestoreStateMachineArn: z.string(),
  DedupStateMachineArn: z.string(),
  ReconcileFunction: z.string(),
  /** Only where retiring originals is opted in. */
  RetireFunction: z.string().optional(),
  /** Only where the compile cache is opted in. */
  CacheUrl: z.string().optional(),
  CacheTable: z.string().optional(),
  CacheTokenCommand: z.string().optional(),
  ConfigCommand: z.string(),
  StatusCommand: z.string(),
  TryCommand: z.string(),
  DashboardUrl: z.string(),
  CheckpointConsoleUrl: z.string(),
  RestoreConsoleUrl: z.string(),
  DedupConsoleUrl: z.string(),
  /** Only for an existing bucket: the one command that lets its events reach us. */
  EnableEventsCommand: z.string().optional(),
});
export type StackOutputs = z.infer<typeof stackOutputsSchema>;
