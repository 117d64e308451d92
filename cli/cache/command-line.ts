import type { Command as Line } from 'commander';
import { addCommand, option, type Runner, showExamplesFirst } from '../command-line.ts';

export function addCacheCommands(program: Line, runner: Runner): void {
  const cache = program
    .command('cache')
    .description('A compile cache for torch, Triton, JAX, ccache, Bazel and others');
  showExamplesFirst(cache, [
    ['mithril cache token create --namespace team --write', 'a token, shown once'],
    ['mithril cache serve', 'http://127.0.0.1:7823 from a folder of this machine'],
  ]);
  addServe(cache, runner);
  addTokenCommands(cache, runner);
}

const dirOption = () =>
  option('--dir <path>', 'folder of the cache (default: the user cache folder)');
const configOption = () => option('--config <path>', 'settings file (else mithril.toml)');

function addServe(cache: Line, runner: Runner): void {
  addCommand(cache, runner, {
    name: 'serve',
    summary: 'Serve a cache from a folder of this machine',
    examples: [
      ['mithril cache serve', 'on 127.0.0.1:7823'],
      ['mithril cache serve --dir /srv/cache --port 8080', 'another folder and port'],
      ['mithril cache serve --host 0.0.0.0 --tls-cert c.pem --tls-key k.pem', 'for a network'],
    ],
    options: [
      dirOption(),
      option('--host <name>', 'address to listen on (default: 127.0.0.1)'),
      option('--port <n>', 'port, 0 for a free one (default: 7823)'),
      option('--tls-cert <path>', 'certificate chain, PEM'),
      option('--tls-key <path>', 'its key, PEM'),
      option('--allow-plain-http', 'no TLS beyond loopback: only behind a proxy that has it'),
      option('--max-entry <size>', 'largest entry (default: 512MiB)'),
      configOption(),
    ],
    load: async () => (await import('./serve.ts')).serve,
  });
}

function addTokenCommands(cache: Line, runner: Runner): void {
  const token = cache.command('token').description('Tokens: who may read and write what');
  addCommand(token, runner, {
    name: 'create',
    summary: 'Make a token; it is shown once',
    examples: [
      ['mithril cache token create --namespace team --read', 'for developers'],
      ['mithril cache token create --namespace team --write', 'for CI on the main branch'],
      [
        'mithril cache token create --namespace team --write --scope pr-17 --ttl 12h',
        'for a pull request',
      ],
    ],
    options: [
      option('--namespace <name>', 'whose entries').makeOptionMandatory(),
      option('--read', 'may read'),
      option('--write', 'may read and write'),
      option('--scope <name>', 'main is trusted; others write only their own (default: main)'),
      option('--ttl <time>', 'such as 12h or 90d (default: 90d)'),
      option('--rate <n>', 'requests a second (default: 2000)'),
      option('--note <text>', 'who has it'),
      dirOption(),
      configOption(),
    ],
    load: async () => (await import('./tokens.ts')).createTokenCommand,
  });
  addCommand(token, runner, {
    name: 'list',
    summary: 'List tokens, without their secrets',
    examples: [['mithril cache token list', 'id, namespace, scope, right, state']],
    options: [dirOption(), configOption()],
    load: async () => (await import('./tokens.ts')).listTokensCommand,
  });
  addCommand(token, runner, {
    name: 'revoke',
    summary: 'End a token; it holds for the next request on',
    args: [['<id>', 'as `token list` shows it']],
    examples: [['mithril cache token revoke 0123456789abcdef', 'by its id']],
    options: [dirOption(), configOption()],
    load: async () => (await import('./tokens.ts')).revokeTokenCommand,
  });
}
