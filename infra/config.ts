import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { configSchema, type MithrilConfig } from './config-schema.ts';

export const CONFIG_FILE = 'mithril.config.json';
const CONTEXT_PREFIX = 'mithril:';
/** CDK context keys under our prefix that are switches of the app, not fields of the config. */
const CONTEXT_SWITCHES = new Set(['local', 'config']);

/** An example of each field, printed beside what is wrong with it. */
const EXAMPLES: Readonly<Record<string, string>> = {
  stackName: '"Mithril"',
  source: '{ "kind": "existing", "bucketName": "team-models", "prefixes": ["runs/"] }',
  keyPattern: '"^(?<run>.*?)step-(?<step>[0-9]+)(?<name>/.*)$"',
  segmentBytes: '67108864 (64 MiB; a multiple of 1 MiB from 1 to 256 MiB)',
  batchSegments: '16',
  concurrency: '{ "workers": 50, "reserved": true }',
  retire: '{ "graceHours": 72 }, or null to keep every original',
  cache: '{ "concurrency": 20, "quotaBytes": 107374182400, "ttlDays": 90 }, or null for none',
  reconcileHours: '24',
  restoreTargets: '[{ "bucketName": "team-models", "prefix": "restored/" }]',
  dedup:
    '{ "sources": [{ "bucketName": "team-data", "prefix": "raw/" }], "targets": [{ "bucketName": "team-data", "prefix": "clean/" }] }',
  kmsKeyArn: '"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"',
  permissionsBoundaryArn: '"arn:aws:iam::111122223333:policy/team-boundary"',
  alarmTopicArn: '"arn:aws:sns:eu-west-1:111122223333:alarms"',
  tags: '{ "cost-centre": "training" }',
  logRetentionDays: '30',
};

/** What is wrong with the configuration, field by field, with an example of each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export interface ConfigSources {
  /** MITHRIL_STACK_CONFIG: a path, or the JSON itself. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** CDK context: `-c mithril:stackName=Team`, `-c mithril:config=other.json`. */
  readonly context: Readonly<Record<string, unknown>>;
  /** Where `mithril.config.json` may lie; null: it is not looked for. */
  readonly directory: string | null;
}

/** Context wins over MITHRIL_STACK_CONFIG, which wins over the file `mithril.config.json`. */
export function readConfig(sources: ConfigSources): MithrilConfig {
  const { subject, value } = readDocument(sources);
  return parseConfig({ ...value, ...readContext(sources.context) }, subject);
}

export function parseConfig(value: unknown, subject = 'configuration'): MithrilConfig {
  const result = configSchema.safeParse(value);
  if (result.success) return result.data;
  throw new ConfigError(`${subject} is not valid:\n${describeIssues(result.error)}`);
}

function describeIssues(error: z.ZodError): string {
  const lines = error.issues.map(
    (issue) => `  ${issue.path.join('.') || 'top level'}: ${issue.message}`,
  );
  const fields = new Set(error.issues.map((issue) => String(issue.path[0] ?? '')));
  const examples = [...fields].flatMap((field) =>
    EXAMPLES[field] === undefined ? [] : [`  "${field}": ${EXAMPLES[field]}`],
  );
  const known = examples.length > 0 ? examples : [`  fields: ${Object.keys(EXAMPLES).join(', ')}`];
  return [...new Set(lines), 'for example:', ...known].join('\n');
}

function readDocument(sources: ConfigSources): { subject: string; value: object } {
  const inline = sources.environment['MITHRIL_STACK_CONFIG'];
  if (inline?.trimStart().startsWith('{')) {
    return { subject: 'MITHRIL_STACK_CONFIG', value: parseJson('MITHRIL_STACK_CONFIG', inline) };
  }
  const named = sources.context[`${CONTEXT_PREFIX}config`] ?? inline;
  const inDirectory = sources.directory === null ? null : join(sources.directory, CONFIG_FILE);
  const file = typeof named === 'string' ? named : inDirectory;
  if (file === null) return { subject: 'configuration', value: {} };
  if (existsSync(file))
    return { subject: file, value: parseJson(file, readFileSync(file, 'utf8')) };
  if (named === undefined) return { subject: 'configuration', value: {} };
  throw new ConfigError(`the configuration file ${file} does not exist`);
}

function readContext(context: ConfigSources['context']): Record<string, unknown> {
  const fields = Object.entries(context).flatMap(([key, value]) => {
    const field = key.slice(CONTEXT_PREFIX.length);
    if (!key.startsWith(CONTEXT_PREFIX) || CONTEXT_SWITCHES.has(field)) return [];
    return [[field, typeof value === 'string' ? parseLoosely(value) : value] as const];
  });
  return Object.fromEntries(fields);
}

/** `-c` gives text: JSON where it is JSON, else the text itself. */
function parseLoosely(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function parseJson(subject: string, text: string): object {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch (error) {
    throw new ConfigError(`${subject} is not a JSON object: ${String(error)}`);
  }
}
