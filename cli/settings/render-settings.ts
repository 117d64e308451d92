import { stringify } from 'smol-toml';
import type { SettingsFile } from './settings.ts';

/** The text of a `mithril.toml`. */
export function renderSettings(settings: SettingsFile, command: string): string {
  const head = `# Written by: ${command}\n# Flags and MITHRIL_* variables override it (docs/cli.md).\n`;
  return `${head}${stringify(withoutUndefined(settings))}\n`;
}

function withoutUndefined(values: object): Record<string, unknown> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, isTable(value) ? withoutUndefined(value) : value]),
  );
}

const isTable = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
