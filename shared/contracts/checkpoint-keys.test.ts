import { expect, it } from 'vitest';
import { checkpointIdSchema, sha256Schema } from './brands.ts';
import {
  encodeBatchesKey,
  encodeResultKey,
  isCompressedDocument,
  layoutKey,
  manifestKey,
  planKey,
  restorePartsKey,
  restorePlanKey,
  segmentKey,
  segmentProgressKey,
  verifyBatchesKey,
  verifyResultKey,
} from './checkpoint-keys.ts';

const run = { checkpointId: checkpointIdSchema.parse('ab'.repeat(32)), attempt: 2 };
const sha256 = sha256Schema.parse('cd'.repeat(32));

it.each([planKey(run), layoutKey(run, 7, sha256)])('%s is kept compressed', (key) => {
  expect(isCompressedDocument(key)).toBe(true);
});

it.each([
  encodeBatchesKey(run),
  verifyBatchesKey(run),
  encodeResultKey(run, 7),
  verifyResultKey(run, 7),
  segmentProgressKey(run, 7),
  segmentKey(run.checkpointId, sha256),
  manifestKey(run),
  restorePlanKey(sha256),
  restorePartsKey(sha256),
  'checkpoints/run/plan.json',
])('%s is stored as it is', (key) => {
  expect(isCompressedDocument(key)).toBe(false);
});
