// The main job on the real template: upload, event, state machine, VERIFIED, restore, bit for bit.
import { beforeAll, expect, test } from 'vitest';
import { decompress } from 'zstd-napi';
import { distcpFile, torchZip, weightsOf } from '../../cli/testing/container-files.ts';
import {
  type Deployment,
  deployAssembly,
} from '../../shared/adapters/local-stack/deploy-assembly.ts';
import type { ObjectVersion } from '../../shared/contracts/checkpoint-object.ts';
import { type StackOutputs, stackOutputsSchema } from '../../shared/contracts/stack-outputs.ts';
import { checkpointIdOf } from '../../shared/domain/checkpoint/identity.ts';
import { prepareCheckpointStack } from './fixtures/checkpoint-stack.ts';
import { describeOnLocalStack, eventually } from './fixtures/local-stack-fixture.ts';
import { PipelineClient } from './fixtures/pipeline-client.ts';
import { changeBytes, createSafetensors } from './fixtures/safetensors.ts';

const MIB = 1024 * 1024;
const CASE_MS = 120_000;

/** 7 segments of 1 MiB in 4 batches; tensors and segments do not share borders. */
const STEP_1 = createSafetensors(
  [
    { name: 'embed.weight', dtype: 'F32', values: 700_001 },
    { name: 'head.weight', dtype: 'BF16', values: 1_500_003 },
    { name: 'positions', dtype: 'I64', values: 70_000 },
  ],
  20_261_123,
);
const STEP_2 = changeBytes(STEP_1, 0.01, 7);

/** What PyTorch writes, by the name of the file; every hundredth weight differs in step 2. */
const PYTORCH_FILES = [
  ['optimizer.pt', (step: number) => torchZip(layersOf(step), `optimizer-${step}`)],
  ['__0_0.distcp', (step: number) => distcpFile(layersOf(step))],
] as const;

function layersOf(step: number) {
  const factor = 1 + (step - 1) / 1000;
  return [0, 1, 2].map((layer) => {
    const bytes = weightsOf('F32', 50_000, layer);
    for (let at = 0; at < bytes.length; at += 400) {
      bytes.writeFloatLE(bytes.readFloatLE(at) * factor, at);
    }
    return { name: `layer.${layer}`, dtype: 'F32', shape: [500, 100], bytes } as const;
  });
}

await describeOnLocalStack('the pipeline on the local stack', (stack) => {
  let outputs: StackOutputs;
  let pipeline: PipelineClient;
  let first: ObjectVersion;

  let cdkOut: string;
  const deploy = (parameters: Readonly<Record<string, string>>): Promise<Deployment> =>
    deployAssembly({ endpoint: stack.endpoint(), cdkOut, stackName: 'Mithril', parameters });

  beforeAll(async () => {
    cdkOut = prepareCheckpointStack(stack.folder(), { segmentBytes: MIB, batchSegments: 2 });
    const deployment = await deploy({ Workers: '2' });
    outputs = stackOutputsSchema.parse(deployment.outputs);
    pipeline = new PipelineClient(stack.endpoint(), outputs);
  }, CASE_MS);

  test('an upload becomes VERIFIED and restores bit for bit', { timeout: CASE_MS }, async () => {
    first = await pipeline.upload('checkpoints/run/step-1/model.safetensors', STEP_1);
    const row = await pipeline.settledRow(first);
    expect(row).toMatchObject({ state: 'VERIFIED', attempt: 1, step: 1, verified: { depth: 0 } });
    expect(row.verified?.bytesOut).toBeLessThan(STEP_1.length * 0.9);
    const key = 'restored/step-1.safetensors';
    expect(await pipeline.restore(first, key)).toEqual({
      kind: 'restored',
      bytes: STEP_1.length,
    });
    expect(STEP_1.equals(await pipeline.read(outputs.StoreBucket, key))).toBe(true);
  });

  test('the next step is a delta, and restores bit for bit', { timeout: CASE_MS }, async () => {
    const second = await pipeline.upload('checkpoints/run/step-2/model.safetensors', STEP_2);
    const row = await pipeline.settledRow(second);
    expect(row).toMatchObject({ state: 'VERIFIED', step: 2, verified: { depth: 1 } });
    expect(row.verified?.bytesOut).toBeLessThan(STEP_2.length * 0.15);
    expect(row.verified?.base?.checkpointId).toBe(checkpointIdOf(first));
    await pipeline.restore(second, 'restored/step-2.safetensors');
    const restored = await pipeline.read(outputs.StoreBucket, 'restored/step-2.safetensors');
    expect(STEP_2.equals(restored)).toBe(true);
  });

  test('plan and layouts are kept as zstd frames, lists as they are', async () => {
    const work = `v1/work/${checkpointIdOf(first)}/1/`;
    const keys = await pipeline.list(outputs.StoreBucket, work);
    const frames = keys.filter((key) => /(?:plan|layout-.*)\.json$/u.test(key));
    expect(frames).toHaveLength(1 + 4);
    for (const key of frames) {
      const stored = await pipeline.read(outputs.StoreBucket, key);
      expect(stored.subarray(0, 4).toString('hex')).toBe('28b52ffd');
      expect(JSON.parse(decompress(stored).toString())).toBeTypeOf('object');
    }
    const list = await pipeline.read(outputs.StoreBucket, `${work}encode.jsonl`);
    expect(list.toString()).toMatch(/^\{.*\}\n/u);
  });

  test('the same event again starts nothing', { timeout: CASE_MS }, async () => {
    const before = await pipeline.settledRow(first);
    const executions = await pipeline.executions();
    await pipeline.repeatEvent(first);
    expect(await pipeline.executions()).toEqual(executions);
    expect(await pipeline.settledRow(first)).toEqual(before);
  });

  test('reconcile finds nothing that was missed', { timeout: CASE_MS }, async () => {
    const answer = await pipeline.call(outputs.ReconcileFunction, { from: 'start' });
    expect(answer).toMatchObject({ kind: 'swept', isComplete: true, listed: 2, verified: 2 });
  });

  test('a flipped bit in a stored segment is never VERIFIED', { timeout: CASE_MS }, async () => {
    await pipeline.hold('PipelineVerify', 0);
    const object = await pipeline.upload('checkpoints/other/step-1/model.safetensors', STEP_1);
    const prefix = `v1/checkpoints/${checkpointIdOf(object)}/`;
    const keys = await eventually('the manifest is written', CASE_MS, async () => {
      const found = await pipeline.list(outputs.StoreBucket, prefix);
      return found.some((key) => key.includes('manifest-1')) ? found : null;
    });
    const segment = keys.find((key) => key.endsWith('.mseg')) ?? '';
    const bytes = await pipeline.read(outputs.StoreBucket, segment);
    // Keys are digests, so any of the segments may come first: the last one is a short one.
    const middle = bytes.length >> 1;
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 4, middle);
    await pipeline.put(outputs.StoreBucket, segment, bytes);
    await pipeline.hold('PipelineVerify', null);
    const row = await pipeline.settledRow(object);
    expect(row).toMatchObject({ state: 'QUARANTINED', verified: null });
    expect(row.reason).toMatch(/segment/u);
    expect(STEP_1.equals(await pipeline.read(object.bucket, object.key))).toBe(true);
  });

  test('switched off nothing starts; reconcile finds it later', { timeout: CASE_MS }, async () => {
    await deploy({ Workers: '2', Enabled: 'off' });
    const before = await pipeline.executions();
    const object = await pipeline.upload('checkpoints/late/step-1/model.safetensors', STEP_2);
    await pipeline.repeatEvent(object);
    const reconcile = () => pipeline.call(outputs.ReconcileFunction, { from: 'start' });
    expect(await reconcile()).toEqual({ kind: 'disabled' });
    expect(await pipeline.executions()).toEqual(before);
    await deploy({ Workers: '2', Enabled: 'on' });
    expect(await reconcile()).toMatchObject({ kind: 'swept', listed: 4, verified: 2, started: 1 });
    expect(await pipeline.settledRow(object)).toMatchObject({ state: 'VERIFIED' });
  });

  test.each(PYTORCH_FILES)(
    'two steps of %s: the second is a delta, and both restore bit for bit',
    { timeout: CASE_MS },
    async (name, make) => {
      for (const step of [1, 2]) {
        const file = make(step);
        const object = await pipeline.upload(`checkpoints/pytorch/step-${step}/${name}`, file);
        const row = await pipeline.settledRow(object);
        expect(row).toMatchObject({ state: 'VERIFIED', step, verified: { depth: step - 1 } });
        expect(row.verified?.bytesOut).toBeLessThan(file.length * (step === 1 ? 0.9 : 0.1));
        const key = `restored/${step}-${name}`;
        await pipeline.restore(object, key);
        expect(file.equals(await pipeline.read(outputs.StoreBucket, key))).toBe(true);
      }
    },
  );
});
