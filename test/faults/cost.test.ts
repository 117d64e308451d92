import { expect, it } from 'vitest';
import { readCheckpointWork } from '../../shared/app/checkpoint/checkpoint-work.ts';
import type { ObjectVersion } from '../../shared/contracts/checkpoint-object.ts';
import { checkpointIdOf } from '../../shared/domain/checkpoint/identity.ts';
import { costOfCheckpoint } from '../../shared/domain/cost/checkpoint-cost.ts';
import { Cloud, nextStep, STORE, weights } from './cloud.ts';

const FIRST = weights(40_000, 1);

async function workOf(cloud: Cloud, object: ObjectVersion) {
  const row = await cloud.row(object);
  if (row === null) throw new Error('expected a row');
  return readCheckpointWork(cloud.plainContext(), checkpointIdOf(object), row);
}

it('what a checkpoint took is what was counted when it was verified', async () => {
  const cloud = new Cloud();
  const one = await cloud.process('checkpoints/step-1/m.bin', FIRST);
  const two = await cloud.process('checkpoints/step-2/m.bin', nextStep(FIRST, 9_000));
  const works = [await workOf(cloud, one), await workOf(cloud, two)];
  expect(works).toMatchObject([
    { basis: 'measured', segments: 5, batches: 3, hasBase: false },
    { basis: 'measured', segments: 5, batches: 3, hasBase: true },
  ]);
  const usd = works.reduce(
    (sum, work) => sum + (work === null ? 0 : costOfCheckpoint(work).usd),
    0,
  );
  expect(usd).toBeCloseTo(cloud.log.counted('DollarsSpent'), 12);
});

it('is modelled by the row where the work documents have expired', async () => {
  const cloud = new Cloud();
  const object = await cloud.process('checkpoints/step-1/m.bin', FIRST);
  const bytesMoved = (await cloud.row(object))?.verified?.bytesMoved ?? 0;
  expect(bytesMoved).toBeGreaterThan(FIRST.length);
  const store = cloud.store.bucket(STORE);
  for (const key of cloud.storedKeys('v1/work/')) store.remove(key, cloud.clock.nowMs());
  const work = await workOf(cloud, object);
  expect(work).toMatchObject({ basis: 'modelled', segments: 1, batches: 1, hasBase: false });
  expect(work?.seconds).toBeGreaterThanOrEqual(bytesMoved / 75e6);
});

it('is nothing where the checkpoint is not verified', async () => {
  const cloud = new Cloud();
  const object = await cloud.process('checkpoints/step-1/m.bin', FIRST);
  const row = await cloud.row(object);
  if (row === null) throw new Error('expected a row');
  const started = { ...row, state: 'STARTED' as const, verified: null };
  const id = checkpointIdOf(object);
  expect(await readCheckpointWork(cloud.plainContext(), id, started)).toBeNull();
});
