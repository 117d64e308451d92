import type { Command as Line } from 'commander';
import {
  addCommand,
  forceOption,
  option,
  outputOption,
  type Runner,
  showExamplesFirst,
} from '../command-line.ts';

export function addCacheCommands(program: Line, runner: Runner): void {
  const cache = program
    .command('cache')
    .description('A compile cache for torch, Triton, JAX, ccache, Bazel and others');
  showExamplesFirst(cache, [
    ['mithril cache token create --namespace team --write', 'a token, shown once'],
    ['mithril cache serve', 'http://127.0.0.1:7823 from a folder of this machine'],
    ['mithril cache proxy --upstream https://cache.example', 'the same, writing through'],
    ['mithril cache stats', 'hit rate, bytes, seconds saved'],
  ]);
  addServe(cache, runner);
  addProxy(cache, runner);
  addTokenCommands(cache, runner);
  addInsight(cache, runner);
  addUpkeep(cache, runner);
}

const dirOption = () =>
  option('--dir <path>', 'folder of the cache (default: the user cache folder)');
const placeOptions = () => [
  dirOption(),
  option('--table <name>', 'of the AWS host, by your own AWS credentials (output CacheTable)'),
];
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
    options: serveOptions(),
    load: async () => (await import('./serve.ts')).serve,
  });
}

function addProxy(cache: Line, runner: Runner): void {
  addCommand(cache, runner, {
    name: 'proxy',
    summary: 'Serve on this machine, and write through to an endpoint',
    examples: [
      ['mithril cache proxy --upstream https://cache.example', 'the token: MITHRIL_CACHE_TOKEN'],
      ['mithril cache proxy', 'the endpoint: [cache] url of mithril.toml'],
    ],
    options: [
      option('--upstream <url>', 'the endpoint (default: [cache] url)'),
      option('--wait <seconds>', 'longest wait for an answer of it (default: 2)'),
      ...serveOptions(),
    ],
    load: async () => (await import('./proxy.ts')).proxy,
  });
}

const serveOptions = () => [
  dirOption(),
  option('--host <name>', 'address to listen on (default: 127.0.0.1)'),
  option('--port <n>', 'port, 0 for a free one (default: 7823)'),
  option('--tls-cert <path>', 'certificate chain, PEM'),
  option('--tls-key <path>', 'its key, PEM'),
  option('--allow-plain-http', 'no TLS beyond loopback: only behind a proxy that has it'),
  option('--max-entry <size>', 'largest entry (default: 512MiB)'),
  configOption(),
];

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
      ...placeOptions(),
      configOption(),
    ],
    load: async () => (await import('./tokens.ts')).createTokenCommand,
  });
  addCommand(token, runner, {
    name: 'list',
    summary: 'List tokens, without their secrets',
    examples: [['mithril cache token list', 'id, namespace, scope, right, state']],
    options: [...placeOptions(), configOption()],
    load: async () => (await import('./tokens.ts')).listTokensCommand,
  });
  addCommand(token, runner, {
    name: 'revoke',
    summary: 'End a token; it holds for the next request on',
    args: [['<id>', 'as `token list` shows it']],
    examples: [['mithril cache token revoke 0123456789abcdef', 'by its id']],
    options: [...placeOptions(), configOption()],
    load: async () => (await import('./tokens.ts')).revokeTokenCommand,
  });
}

function addInsight(cache: Line, runner: Runner): void {
  addCommand(cache, runner, {
    name: 'stats',
    summary: 'Hit rate, bytes, seconds saved, hits that saved nothing',
    examples: [
      ['mithril cache stats', 'every namespace, 30 days'],
      ['mithril cache stats --namespace team --days 7', 'one of them'],
    ],
    options: [
      option('--namespace <name>', 'only this one'),
      option('--days <n>', 'today and before (default: 30)'),
      dirOption(),
      configOption(),
    ],
    load: async () => (await import('./insight.ts')).stats,
  });
  addCommand(cache, runner, {
    name: 'explain',
    summary: 'Say which factors of a key differ from those of the nearest entry',
    args: [['[key]', 'key of an entry']],
    examples: [
      [
        'mithril cache explain KEY --namespace team',
        'what sets it apart from the nearest other one',
      ],
      ['mithril cache explain --factors mine.json --namespace team', 'why these factors miss'],
      ['python -m mithril.cache explain last', 'where it missed: the last run of this machine'],
    ],
    options: [
      option('--namespace <name>', 'whose entries').makeOptionMandatory(),
      option('--factors <path>', 'JSON object of factors, in place of a key'),
      dirOption(),
      configOption(),
    ],
    load: async () => (await import('./insight.ts')).explain,
  });
}

function addUpkeep(cache: Line, runner: Runner): void {
  addCommand(cache, runner, {
    name: 'gc',
    summary: 'Remove what is too old or above the quota; the server does it hourly',
    examples: [['mithril cache gc', 'also beside a running server']],
    options: [dirOption(), configOption()],
    load: async () => (await import('./gc.ts')).gc,
  });
  addCommand(cache, runner, {
    name: 'export',
    summary: 'Write the entries of a namespace to one file',
    examples: [['mithril cache export --namespace team -o team.mithcache', 'what main wrote']],
    options: [
      option('--namespace <name>', 'whose entries').makeOptionMandatory(),
      outputOption('file to write').makeOptionMandatory(),
      forceOption(),
      dirOption(),
      configOption(),
    ],
    load: async () => (await import('./transfer.ts')).exportCache,
  });
  addCommand(cache, runner, {
    name: 'import',
    summary: 'Take the entries of an exported file; each body is checked',
    args: [['<file>', 'as `cache export` wrote it']],
    examples: [['mithril cache import team.mithcache', 'what is there already stays']],
    options: [dirOption(), configOption()],
    load: async () => (await import('./transfer.ts')).importCache,
  });
}
