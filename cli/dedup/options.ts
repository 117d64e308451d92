import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { parse } from 'smol-toml';
import { z } from 'zod';
import { CliError, readCode } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import { parseOptions, pathSchema, threadsSchema } from '../parse-options.ts';

const GIB = 1024 ** 3;
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  K: 1024,
  M: 1024 ** 2,
  G: GIB,
  T: 1024 ** 4,
};
/** Less leaves no room for the buffers of the threads. */
const MEMORY_BYTES_MIN = 128 * 1024 ** 2;
/** Half of the machine, and no more than this unless it is asked for. */
const MEMORY_BYTES_DEFAULT = Math.min(8 * GIB, Math.floor(totalmem() / 2));

/** Flags are text, values of a settings file may be numbers. */
const text = z.union([z.string(), z.number().transform(String)]).pipe(z.string().min(1));
const count = text.pipe(
  z
    .string()
    .regex(/^\d{1,9}$/u, 'expected a whole number')
    .transform(Number),
);

const ngram = text
  .pipe(z.string().regex(/^(?:(?:word|char):)?\d{1,3}$/u, 'expected N, word:N or char:N'))
  .transform((value) => {
    const [n, unit] = value.split(':').reverse();
    return { n: Number(n), unit: unit === 'char' ? ('char' as const) : ('word' as const) };
  });

const bytes = text
  .pipe(z.string().regex(/^\d+(?:\.\d+)?\s*[KMGT]?(?:i?B)?$/u, 'expected a size such as 4GiB'))
  .transform((value) => {
    const unit = /[KMGT]/u.exec(value)?.[0] ?? '';
    return Math.floor(Number.parseFloat(value) * (UNITS[unit] ?? 1));
  })
  .refine((value) => value >= MEMORY_BYTES_MIN, 'at least 128MiB');

const share = text
  .pipe(z.string().regex(/^\d+(?:\.\d+)?(?:e-\d+)?%?$/u, 'expected a share such as 1% or 0.01'))
  .transform((value) => Number.parseFloat(value) / (value.endsWith('%') ? 100 : 1))
  .refine((value) => value <= 1, 'at most 100%');

const paths = z.union([
  z
    .string()
    .min(1)
    .transform((path) => [path]),
  z.array(z.string().min(1)),
]);

const schema = z
  .strictObject({
    output: pathSchema.optional(),
    textKey: z.string().min(1).default('text'),
    idKey: z.string().min(1).optional(),
    threshold: text.default('0.8'),
    ngram: ngram.default({ n: 5, unit: 'word' }),
    numPerm: count.default(128),
    bands: count.optional(),
    rows: count.optional(),
    seed: count.default(0),
    exact: z.boolean().default(false),
    index: z.enum(['verified', 'lshbloom']).default('verified'),
    bloomError: share.optional(),
    keep: z
      .string()
      .regex(/^(?:first|last|longest|max:.+)$/u, 'expected first, last, longest or max:FIELD')
      .default('first'),
    mode: z.enum(['drop', 'annotate', 'drop-all']).default('drop'),
    against: paths.default([]),
    report: pathSchema.optional(),
    rejected: pathSchema.optional(),
    maxBad: share.default(0.01),
    memory: bytes.default(MEMORY_BYTES_DEFAULT),
    threads: text.default('0').pipe(threadsSchema.unwrap()),
    scratch: pathSchema.optional(),
    dryRun: z.boolean().default(false),
    explain: z.boolean().default(false),
    force: z.boolean().default(false),
  })
  .refine((it) => (it.bands === undefined) === (it.rows === undefined), {
    path: ['bands'],
    message: 'give --bands and --rows, or neither',
  })
  .refine((it) => !it.exact || it.index === 'verified', {
    path: ['exact'],
    message: 'equal texts need no --index',
  })
  .refine((it) => it.bloomError === undefined || (it.index === 'lshbloom' && it.bloomError > 0), {
    path: ['bloomError'],
    message: 'more than 0, with --index lshbloom',
  })
  .refine((it) => it.index === 'verified' || isPlain(it), {
    path: ['index'],
    message:
      'lshbloom does not know which row the other one is: no --report, and only --mode drop and --keep first',
  });

const isPlain = (it: { mode: string; keep: string; report?: string | undefined }): boolean =>
  it.mode === 'drop' && it.keep === 'first' && it.report === undefined;

export type DedupOptions = z.output<typeof schema>;

/** Flags of every command, and the file itself: not among the options of dedup. */
const NOT_OURS: ReadonlySet<string> = new Set(['config', 'format', 'quiet', 'verbose']);

const flagsSchema = z.looseObject({
  config: pathSchema.optional(),
  against: z.array(z.string()).default([]),
});

/** Flags win over the file that `--config` names. */
export function readDedupOptions(given: unknown): DedupOptions {
  const { config, against, ...rest } = parseOptions(flagsSchema, given);
  const flags = Object.fromEntries(Object.entries(rest).filter(([name]) => !NOT_OURS.has(name)));
  return parseOptions(schema, {
    ...(config === undefined ? {} : readConfig(config)),
    ...flags,
    // A flag that may be repeated is there, and empty, when it was not given.
    ...(against.length === 0 ? {} : { against }),
  });
}

/** `text_key` or `text-key` of the file is the flag `--text-key`. */
function readConfig(path: string): Record<string, unknown> {
  const entries = Object.entries(parseToml(path));
  return Object.fromEntries(entries.map(([name, value]) => [camelCase(name), value]));
}

const camelCase = (name: string): string =>
  name.replace(/[-_]([a-z])/gu, (_, letter: string) => letter.toUpperCase());

function parseToml(path: string): Record<string, unknown> {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const isMissing = readCode(cause) === 'ENOENT';
    const message = isMissing
      ? `the settings file does not exist: ${path}`
      : `the settings file is wrong: ${path}\n${cause instanceof Error ? cause.message : String(cause)}`;
    throw new CliError(message, { exitCode: EXIT.usage, cause });
  }
}
