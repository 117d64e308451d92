import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VERSION } from '../shared/contracts/version.ts';
import { type BuiltCli, buildCli } from './testing/built-cli.ts';

let cli: BuiltCli;
beforeAll(async () => {
  cli = await buildCli();
});
afterAll(() => cli.remove());

/** Files of the bundle that are loaded when the entry is, without any `import()`. */
function loadedAtOnce(entry: string): readonly string[] {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const next of cli.inputs[file]?.staticImports ?? []) visit(next);
  };
  visit(Object.keys(cli.inputs).find((file) => file.endsWith(entry)) ?? entry);
  return [...seen].flatMap((file) => cli.inputs[file]?.inputs ?? []);
}

describe('the command line', () => {
  it('loads nothing heavy before it knows the command', () => {
    const loaded = loadedAtOnce('/mithril.js');
    expect(loaded.some((file) => file.includes('node_modules/commander'))).toBe(true);
    const heavy =
      /node_modules\/(?:@aws-sdk|@smithy|zod|lmdb|listr2|smol-toml)|shared\/(?:app|adapters)/u;
    expect(loaded.filter((file) => heavy.test(file))).toEqual([]);
  });

  it('has the version of the package', async () => {
    const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
    expect(JSON.parse(text)).toMatchObject({ version: VERSION });
    expect(await cli.run(['--version'])).toMatchObject({ code: 0, stdout: `${VERSION}\n` });
  });

  it('shows examples before everything else, in every command', async () => {
    const commands = [
      [],
      ['ckpt'],
      ...[
        'compress',
        'decompress',
        'verify',
        'info',
        'ls',
        'restore',
        'status',
        'reconcile',
        'plan',
      ].map((name) => ['ckpt', name]),
      ['stack', 'config'],
      ['stack', 'status'],
      ['stack', 'cost'],
      ['local'],
      ['local', 'demo'],
      ['doctor'],
      ['dedup'],
    ];
    for (const command of commands) {
      const { code, stdout } = await cli.run([...command, '--help']);
      expect({ command, code, start: stdout.slice(0, 9) }).toEqual({
        command,
        code: 0,
        start: 'Examples:',
      });
      expect(stdout).toContain('Usage: mithril');
    }
  });

  it('ends with code 2 for a command line that is wrong, and says what is meant', async () => {
    expect(await cli.run(['ckpt', 'compres', 'x'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('Did you mean compress?'),
    });
    expect(await cli.run(['ckpt', 'compress'])).toMatchObject({ code: 2 });
    expect(await cli.run(['ckpt', 'compress', 'x', '--level', 'huge'])).toMatchObject({ code: 2 });
    expect(await cli.run(['ckpt', 'compress', 'x', '-T', 'many'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--threads'),
    });
  });

  it('ends with code 2 where settings are missing or wrong, and names the command for it', async () => {
    expect(await cli.run(['ckpt', 'status', 's3://b/p/'], { cwd: '/' })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('mithril stack config'),
    });
    expect(await cli.run(['ckpt', 'status', 'b/p/'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Expected s3://bucket/key'),
    });
  });

  it('shows stack traces only with -v', async () => {
    const plain = await cli.run(['ckpt', 'info', '/nonexistent.mith']);
    const verbose = await cli.run(['ckpt', 'info', '/nonexistent.mith', '-v']);
    expect(plain).toMatchObject({ code: 1 });
    expect(plain.stderr).not.toContain('    at ');
    expect(verbose.stderr).toContain('    at ');
  });
});
