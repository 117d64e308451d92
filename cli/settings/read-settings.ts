import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'smol-toml';
import { z } from 'zod';
import { CliError, readCode } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import type { Session } from '../session.ts';
import {
  mergeSettings,
  type Settings,
  type SettingsFile,
  type SettingsSource,
  settingsFileSchema,
} from './settings.ts';

export const SETTINGS_NAME = 'mithril.toml';
const LEVELS_MAX = 64;

const flagsSchema = z.object({
  config: z.string().optional(),
  profile: z.string().optional(),
  region: z.string().optional(),
  endpointUrl: z.string().optional(),
});

/** Flags > environment (MITHRIL_*) > ./mithril.toml (searched upwards) > the user's file. */
export function readSettings(session: Pick<Session, 'cwd' | 'env'>, options: unknown): Settings {
  const flags = flagsSchema.parse(options);
  const { cwd } = session;
  const env = withoutEmpty(session.env);
  const project = flags.config ?? env['MITHRIL_CONFIG'] ?? findUpwards(cwd);
  const files = [userFile(env), project === null ? null : resolve(cwd, project)];
  const sources = [...new Set(files)].flatMap((path) => {
    const mustExist = path !== null && project !== null && path === resolve(cwd, project);
    return path === null ? [] : readSource(path, mustExist);
  });
  return mergeSettings([...sources, fromEnvironment(env), fromFlags(flags)]);
}

/** An empty variable counts as none, as in shells and other commands. */
function withoutEmpty(env: Session['env']): Session['env'] {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}

function userFile(env: Session['env']): string | null {
  const home = env['HOME'];
  const config = env['XDG_CONFIG_HOME'] ?? (home === undefined ? null : join(home, '.config'));
  return config === null ? null : join(config, 'mithril', SETTINGS_NAME);
}

function findUpwards(from: string): string | null {
  let folder = resolve(from);
  for (let level = 0; level < LEVELS_MAX; level += 1) {
    const path = join(folder, SETTINGS_NAME);
    if (readText(path) !== null) return path;
    if (dirname(folder) === folder) return null;
    folder = dirname(folder);
  }
  return null;
}

function readSource(path: string, mustExist: boolean): SettingsSource[] {
  const content = readText(path);
  if (content === null) {
    if (!mustExist) return [];
    throw new CliError(`the settings file does not exist: ${path}`, { exitCode: EXIT.usage });
  }
  return [{ origin: path, values: withAbsoluteFolders(parseFile(path, content), path) }];
}

function parseFile(path: string, content: string): SettingsFile {
  try {
    return settingsFileSchema.parse(parse(content));
  } catch (error) {
    const what = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new CliError(`the settings file is wrong: ${path}\n${what}`, {
      exitCode: EXIT.usage,
      advice: 'Write it anew with: mithril stack config --force',
      cause: error,
    });
  }
}

function withAbsoluteFolders(values: SettingsFile, path: string): SettingsFile {
  const absolute = (folder: string): string => resolve(dirname(path), folder);
  const { folder, cache } = values;
  return {
    ...values,
    ...(folder === undefined ? {} : { folder: absolute(folder) }),
    ...(cache?.dir === undefined ? {} : { cache: { ...cache, dir: absolute(cache.dir) } }),
  };
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(readCode(error))) return null;
    throw new CliError(`the settings file cannot be read: ${path}`, { cause: error });
  }
}

const environmentSchema = z.object({
  MITHRIL_HOST: z.enum(['aws', 'one-machine']).optional(),
  MITHRIL_REGION: z.string().min(1).optional(),
  MITHRIL_PROFILE: z.string().min(1).optional(),
  MITHRIL_ENDPOINT_URL: z.url().optional(),
  MITHRIL_FOLDER: z.string().min(1).optional(),
  MITHRIL_SOURCE_BUCKET: z.string().min(1).optional(),
  MITHRIL_STORE_BUCKET: z.string().min(1).optional(),
  MITHRIL_TABLE: z.string().min(1).optional(),
  MITHRIL_KEY_PATTERN: z.string().min(1).optional(),
  MITHRIL_STATE_MACHINE_ARN: z.string().min(1).optional(),
  MITHRIL_RESTORE_STATE_MACHINE_ARN: z.string().min(1).optional(),
  MITHRIL_DEDUP_STATE_MACHINE_ARN: z.string().min(1).optional(),
});

function fromEnvironment(env: Session['env']): SettingsSource {
  const parsed = environmentSchema.safeParse(env);
  if (!parsed.success) {
    const message = `the environment is wrong\n${z.prettifyError(parsed.error)}`;
    throw new CliError(message, { exitCode: EXIT.usage });
  }
  const it = parsed.data;
  const values: SettingsFile = {
    host: it.MITHRIL_HOST,
    region: it.MITHRIL_REGION,
    profile: it.MITHRIL_PROFILE,
    endpoint_url: it.MITHRIL_ENDPOINT_URL,
    folder: it.MITHRIL_FOLDER === undefined ? undefined : resolve(it.MITHRIL_FOLDER),
    checkpoints: {
      source_bucket: it.MITHRIL_SOURCE_BUCKET,
      store_bucket: it.MITHRIL_STORE_BUCKET,
      table: it.MITHRIL_TABLE,
      key_pattern: it.MITHRIL_KEY_PATTERN,
      state_machine_arn: it.MITHRIL_STATE_MACHINE_ARN,
      restore_state_machine_arn: it.MITHRIL_RESTORE_STATE_MACHINE_ARN,
    },
    dedup: { state_machine_arn: it.MITHRIL_DEDUP_STATE_MACHINE_ARN },
  };
  return { origin: 'environment', values };
}

function fromFlags(flags: z.output<typeof flagsSchema>): SettingsSource {
  const { region, profile, endpointUrl } = flags;
  return { origin: 'flags', values: { region, profile, endpoint_url: endpointUrl } };
}
