import { formatBytes, formatRatio, formatSeconds, ratioOf } from '../text/quantity.ts';
import type { CacheResult } from './cache/show-cache.ts';
import type { DedupResult } from './dedup/show-dedup.ts';
import type { DemoHost } from './demo-host.ts';
import type { StepResult } from './run-step.ts';

/** What each product did; null and empty: it was not asked for, or could not run. */
export interface Shown {
  readonly checkpoints: readonly StepResult[];
  readonly dedup: DedupResult | null;
  readonly cache: CacheResult | null;
}

interface DemoFacts extends Shown {
  readonly kind: DemoHost['kind'];
  readonly seconds: number;
  readonly isKept: boolean;
}

/** Everything that came back is what it has to be, and the second machine compiled nothing. */
export function isExact({ checkpoints, dedup, cache }: Shown): boolean {
  return (
    checkpoints.every((result) => result.restored?.isExact === true) &&
    (dedup === null || dedup.isExact) &&
    (cache === null || (cache.isExact && cache.second === 'hit'))
  );
}

const SETTINGS_OF = {
  'aws-local': '.mithril/local/mithril.toml',
  'one-machine': '.mithril/one-machine/mithril.toml',
} as const;

const HOSTS = {
  'aws-local': 'the CDK template on the local stack',
  'one-machine': 'the one-machine host (files and lmdb)',
} as const;

/** A table of the checkpoints, how long all of it took, and what to try next. */
export function describeSummary(facts: DemoFacts): string {
  const table = facts.checkpoints.length > 0 ? `\n${describeSteps(facts.checkpoints)}\n` : '';
  const total = `Ran on ${HOSTS[facts.kind]} in ${formatSeconds(facts.seconds)}.`;
  return `${table}\n${total}\n\nTry next:\n${nextCommands(facts).join('\n')}`;
}

/** Sizes, ratios, seconds by stage, traffic and CPU of both steps. */
function describeSteps(results: readonly StepResult[]): string {
  const stages = results[0]?.times.map((time) => time.name) ?? [];
  const rows: (readonly string[])[] = [
    ['', ...results.map((it) => `step ${it.step.number}`)],
    ['original', ...results.map((it) => formatBytes(it.step.bytes))],
    ['compressed', ...results.map((it) => formatBytes(it.verified.bytesOut))],
    ['ratio', ...results.map((it) => formatRatio(it.step.bytes, it.verified.bytesOut))],
    ['upload to VERIFIED', ...results.map((it) => formatSeconds(it.seconds))],
    ...stages.map((name) => [`  ${name}`, ...results.map((it) => stageTime(it, name))]),
    ['restore', ...results.map((it) => formatSeconds(it.restored?.seconds ?? 0))],
    ['bytes moved / size', ...results.map(movedShare)],
    ['CPU seconds', ...results.map((it) => cpuSeconds(it).toFixed(2))],
    ['restored bit for bit', ...results.map((it) => (it.restored?.isExact ? 'yes' : 'NO'))],
  ];
  return rows.map((row) => `  ${formatRow(row)}`).join('\n');
}

const NAME_WIDTH = 22;
const CELL_WIDTH = 12;

const formatRow = ([name = '', ...cells]: readonly string[]): string =>
  `${name.padEnd(NAME_WIDTH)}${cells.map((cell) => cell.padStart(CELL_WIDTH)).join('')}`;

const stageTime = (result: StepResult, name: string): string =>
  formatSeconds(result.times.find((time) => time.name === name)?.seconds ?? 0);

const movedShare = (result: StepResult): string =>
  (result.verified.bytesMoved / result.step.bytes).toFixed(2);

const cpuSeconds = (result: StepResult): number =>
  result.verified.encodeCpuSeconds + result.verified.verifyCpuSeconds;

function nextCommands({ isKept, kind, checkpoints }: DemoFacts): string[] {
  const [first, second] = checkpoints;
  const key = second?.step.key ?? 'KEY';
  const bucket = second?.object.bucket ?? 'BUCKET';
  const input = first?.step.path ?? 'model.safetensors';
  const inStack = isKept
    ? [
        `  export MITHRIL_CONFIG=${SETTINGS_OF[kind]}`,
        `  mithril ckpt status s3://${bucket}/checkpoints/`,
        `  mithril ckpt restore s3://${bucket}/${key} -o restored`,
        ...(kind === 'aws-local' ? ['  mithril local down'] : []),
      ]
    : ['  mithril local demo --keep                     # the same, and the stack stays up'];
  return [
    `  mithril ckpt compress ${input} -o model.mith`,
    `  mithril ckpt plan ${input}`,
    '  mithril dedup docs.jsonl -o clean.jsonl --report removed.jsonl',
    '  mithril cache serve                           # for torch.compile, ccache, Bazel and others',
    ...inStack,
    '  npm start -- --file YOUR.safetensors',
    '  npx cdk deploy                                # into your AWS account (docs/deploy.md)',
  ];
}

export function summaryJson(facts: DemoFacts): object {
  return {
    command: 'local demo',
    host: facts.kind,
    seconds: facts.seconds,
    steps: facts.checkpoints.map((it) => ({
      step: it.step.number,
      key: it.step.key,
      checkpointId: it.checkpointId,
      bytesIn: it.step.bytes,
      bytesOut: it.verified.bytesOut,
      ratio: ratioOf(it.step.bytes, it.verified.bytesOut),
      seconds: it.seconds,
      stages: Object.fromEntries(it.times.map(({ name, seconds }) => [name, seconds])),
      restoreSeconds: it.restored?.seconds ?? null,
      bytesMoved: it.verified.bytesMoved,
      cpuSeconds: cpuSeconds(it),
      baseReason: it.baseReason,
      originalSha256: it.step.sha256,
      restoredSha256: it.restored?.sha256 ?? null,
      isExact: it.restored?.isExact ?? false,
    })),
    dedup: facts.dedup,
    cache: facts.cache,
  };
}
