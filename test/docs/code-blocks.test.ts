// Code of the pages: commands exist with their options, JSON, TOML and Python can be read.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { settingsFileSchema } from '../../cli/settings/settings.ts';
import { parseConfig } from '../../infra/config.ts';
import { planInputSchema } from '../../shared/contracts/checkpoint-states.ts';
import { dedupRequestSchema } from '../../shared/contracts/dedup-job.ts';
import { restoreInputSchema } from '../../shared/contracts/restore-states.ts';
import { isMithril, objectionToCommand, objectionToName } from './commands.ts';
import { type Block, type Page, parsePage, ROOT, readPages } from './markdown.ts';
import { commandsOf, shellLinesOf } from './shell-words.ts';

const pages = readPages();
const SHELL = new Set(['', 'bash', 'sh', 'console']);
/** Shown as they are; a language that is not here needs a check first. */
const SHOWN = new Set(['mermaid', 'text', 'c', 'diff', 'segment-hex']);
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));

async function objectionsTo({ language, text }: Block): Promise<readonly string[]> {
  if (SHELL.has(language)) return objectionsToShell(language, text);
  if (language === 'json') return objectionOf(() => checkJson(JSON.parse(text)));
  if (language === 'toml') return objectionOf(() => settingsFileSchema.parse(parseToml(text)));
  if (language === 'python') return objectionsToPython(text);
  return SHOWN.has(language) ? [] : [`nothing checks a block of ${language}`];
}

async function objectionsToShell(language: string, text: string): Promise<readonly string[]> {
  const objections: string[] = [];
  for (const line of shellLinesOf(text)) {
    for (const words of commandsOf(line.replace(/^\s*\$ /u, ''))) {
      const found = isMithril(words) ? await objectionToCommand(words) : objectionToScript(words);
      if (found !== null) objections.push(found);
    }
  }
  if (language === '') return objections;
  const { status, stderr } = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' });
  return status === 0 ? objections : [...objections, stderr];
}

function objectionToScript([program, verb, script = '']: readonly string[]): string | null {
  const isScript = program === 'npm' && verb === 'run';
  return !isScript || script in scripts ? null : `package.json has no script ${script}`;
}

/** The input of a state machine, or a configuration of the stack; other JSON only has to be JSON. */
function checkJson(value: unknown): void {
  const document = z.record(z.string(), z.unknown()).safeParse(value);
  if (!document.success) return;
  if ('input' in document.data) dedupRequestSchema.parse(value);
  else if ('target' in document.data) restoreInputSchema.parse(value);
  else if ('object' in document.data) planInputSchema.parse(value);
  else if (['dedup', 'source', 'concurrency', 'cache'].some((field) => field in document.data)) {
    parseConfig(value);
  }
}

function objectionOf(check: () => unknown): readonly string[] {
  try {
    check();
    return [];
  } catch (error) {
    return [String(error)];
  }
}

function objectionsToPython(text: string): readonly string[] {
  const compile = 'import sys; compile(sys.stdin.read(), "block", "exec")';
  const { status, stderr } = spawnSync('python3', ['-c', compile], {
    input: text,
    encoding: 'utf8',
  });
  return status === 0 ? [] : [stderr];
}

async function objectionsOf({ path, blocks, prose }: Page): Promise<readonly string[]> {
  const objections: string[] = [];
  for (const block of blocks) {
    for (const found of await objectionsTo(block)) {
      objections.push(`${path}:${block.line}: ${found}`);
    }
  }
  for (const [, code = ''] of prose.matchAll(/`(mithril(?:-\w+)? [^`\n]+)`/gu)) {
    const found = objectionToName(code.split(/\s+/u));
    if (found !== null) objections.push(`${path}: ${found}`);
  }
  return objections;
}

describe('the code of a page', () => {
  it.each(pages.map((page) => [page.path, page] as const))('%s', async (_, page) => {
    expect(await objectionsOf(page)).toEqual([]);
  });

  it.each([
    ['an unknown option', '```\nmithril ckpt verify a.mith --no-such\n```', '--no-such'],
    ['an unknown command', '```\nmithril ckpt squeeze a\n```', 'squeeze'],
    ['a missing argument', '```bash\nA=1 mithril ckpt info # why\n```', 'argument'],
    ['a command behind another', '```\ncd a && mithril nothing | cat\n```', 'nothing'],
    ['a command in the text', 'Run `mithril cache nothing`.', 'nothing'],
    ['a script that is gone', '```\nnpm run no-such-script\n```', 'no-such-script'],
    ['broken shell', '```bash\nif true; then\n```', 'syntax error'],
    ['broken JSON', '```json\n{"a":}\n```', 'SyntaxError'],
    ['a job with a wrong field', '```json\n{"input":{}}\n```', 'output'],
    ['settings that do not exist', '```toml\n[cache]\nno_such = 1\n```', 'no_such'],
    ['broken Python', '```python\ndef f(:\n```', 'SyntaxError'],
    ['a language that nobody checks', '```cobol\n```', 'cobol'],
  ])('%s is refused', async (_, text, words) => {
    const objections = await objectionsOf(parsePage('docs/page.md', `${text}\n`));
    expect(objections).toEqual([expect.stringContaining(words)]);
  });

  it('may be a command with quotes, variables, comments and continued lines', async () => {
    const text =
      '```bash\nMITHRIL_HOST=aws mithril dedup \'a b.jsonl\' \\\n  -o "out dir" # why\n```';
    expect(await objectionsOf(parsePage('docs/page.md', text))).toEqual([]);
  });
});
