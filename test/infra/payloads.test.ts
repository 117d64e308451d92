import { expect, it } from 'vitest';
import type { z } from 'zod';
import {
  encodeInputSchema,
  planInputSchema,
  planOutputSchema,
  verifyInputSchema,
} from '../../shared/contracts/checkpoint-states.ts';
import { OBJECT_BYTES_MAX, STATE_PAYLOAD_BYTES_MAX } from '../../shared/contracts/limits.ts';
import { restoreInputSchema } from '../../shared/contracts/restore-states.ts';
import { asciiJson } from '../../shared/domain/checkpoint/ascii-json.ts';

/** Written as six characters of ASCII JSON: the longest that a character can become. */
const LONGEST = '\u2028';
const CHECKPOINT_ID = 'f'.repeat(64);
const KEY = LONGEST.repeat(1_024);
const BUCKET = 'b'.repeat(255);
const COUNT = Number.MAX_SAFE_INTEGER;
const run = { checkpointId: CHECKPOINT_ID, attempt: 5 };
const object = {
  bucket: BUCKET,
  key: KEY,
  versionId: LONGEST.repeat(1_024),
  etag: LONGEST.repeat(256),
  bytes: OBJECT_BYTES_MAX,
  lastModifiedMs: COUNT,
};
const batch = { ...run, batch: COUNT, segmentFirst: COUNT, segmentCount: COUNT };

/** The largest that the schemas allow; every character of a reason may come from a key. */
const LARGEST: readonly (readonly [string, z.ZodType, unknown])[] = [
  ['plan', planInputSchema, { ...run, object }],
  ['encode', encodeInputSchema, batch],
  ['verify', verifyInputSchema, { ...batch, manifestSha256: CHECKPOINT_ID }],
  ['quarantine', planOutputSchema, { kind: 'quarantine', ...run, reason: KEY + KEY }],
  [
    'restore',
    restoreInputSchema,
    { checkpointId: CHECKPOINT_ID, target: { bucket: BUCKET, key: KEY } },
  ],
];

it.each(LARGEST)(
  'the largest input of %s stays far below what a state may carry',
  (_, schema, value) => {
    const text = asciiJson(schema.parse(value));
    expect(text).toMatch(/^[\x20-\x7e]*$/u);
    expect(text.length).toBeLessThan(STATE_PAYLOAD_BYTES_MAX);
  },
);
