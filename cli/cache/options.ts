import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { ENTRY_BYTES_MAX_DEFAULT } from '../../shared/contracts/cache-limits.ts';
import { pathSchema } from '../parse-options.ts';
import type { Session } from '../session.ts';
import type { Settings } from '../settings/settings.ts';

export const PORT_DEFAULT = 7823;

export const portSchema = z
  .string()
  .regex(/^\d{1,5}$/u, 'expected a port')
  .transform(Number)
  .refine((port) => port <= 65_535, 'at most 65535');

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
};

/** `512MiB`, `20G`, `1000`. */
export const sizeSchema = z
  .string()
  .regex(/^\d+(?:\.\d+)?\s*[KMGT]?(?:i?B)?$/u, 'expected a size such as 512MiB')
  .transform((text) => {
    const unit = /[KMGT]/u.exec(text)?.[0] ?? '';
    return Math.floor(Number.parseFloat(text) * (SIZE_UNITS[unit] ?? 1));
  });

const TIME_UNITS: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 };

/** Seconds of `30m`, `12h`, `90d`. */
export const durationSchema = z
  .string()
  .regex(/^\d{1,6}[mhd]$/u, 'expected a time such as 12h or 90d')
  .transform((text) => Number.parseInt(text, 10) * (TIME_UNITS[text.at(-1) ?? ''] ?? 1));

export const folderOptionSchema = z.object({ dir: pathSchema.optional() });

/** `--dir`, else `[cache] dir` of mithril.toml, else a folder of the user's caches. */
export function cacheFolder(
  session: Session,
  settings: Pick<Settings, 'cache'>,
  dir: string | null,
  folderName = 'cache-server',
): string {
  if (dir !== null) return resolve(session.cwd, dir);
  if (settings.cache.dir !== null) return settings.cache.dir;
  const caches = session.env['XDG_CACHE_HOME'] ?? join(session.env['HOME'] ?? homedir(), '.cache');
  return join(caches, 'mithril', folderName);
}

export const entryBytesMaxOf = (given: number | null | undefined): number =>
  given ?? ENTRY_BYTES_MAX_DEFAULT;
