import { z } from 'zod';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-code.ts';

/** Parses options or arguments as given on the command line; what is wrong is a usage error. */
export function parseOptions<Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(describeIssue).join('; ');
  throw new CliError(problems, { exitCode: EXIT.usage, advice: 'See --help for the usage.' });
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const name = issue.path.map(String).join('.');
  const flag = name.replace(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`);
  return flag === '' ? issue.message : `--${flag}: ${issue.message}`;
}

const THREADS_MAX = 256;

/** 0 means all cores, and is the default. */
export const threadsSchema = z
  .string()
  .regex(/^\d{1,3}$/u, 'expected a number, 0 for all cores')
  .transform(Number)
  .refine((value) => value <= THREADS_MAX, `at most ${THREADS_MAX}`)
  .default(0);

export const baseSchema = z.array(z.string().min(1)).default([]);
export const pathSchema = z.string().min(1);

/** The one positional argument that commander has made sure of. */
export function onlyArgument(args: readonly string[]): string {
  const [argument] = args;
  if (argument === undefined || argument === '') {
    throw new CliError('the argument is empty', { exitCode: EXIT.usage });
  }
  return argument;
}
