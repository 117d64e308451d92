import { expect, it } from 'vitest';
import { asText, resourcesOf, synthesize } from './synthesize.ts';

/** Which functions load the codec, and which of them the plan, too (functions/context.ts). */
const LAYERS_OF: Readonly<Record<string, readonly string[]>> = {
  start: [],
  plan: ['<NativeLayer>', '<ZstdLayer>'],
  encode: ['<NativeLayer>', '<ZstdLayer>'],
  commit: ['<NativeLayer>', '<ZstdLayer>'],
  verify: ['<NativeLayer>', '<ZstdLayer>'],
  publish: ['<NativeLayer>', '<ZstdLayer>'],
  quarantine: [],
  end: [],
  reconcile: [],
  retire: ['<NativeLayer>'],
  'restore-plan': ['<NativeLayer>'],
  'restore-part': ['<NativeLayer>'],
  'restore-finish': ['<NativeLayer>'],
  ...Object.fromEntries(
    ['plan', 'hash', 'gather', 'bucket', 'stitch', 'shingle', 'verify', 'filter', 'report'].map(
      (stage) => [`dedup-${stage}`, ['<DedupLayer>']],
    ),
  ),
};

it('every function has the layers that it loads, and no others', () => {
  const { template } = synthesize({ retire: {} });
  const found = resourcesOf(template, 'AWS::Lambda::Function').map(({ Properties }) => {
    const [, name = ''] = /^Mithril ([a-z-]+):/u.exec(String(Properties['Description'])) ?? [];
    const layers: unknown = Properties['Layers'] ?? [];
    return [name, Array.isArray(layers) ? layers.map(asText) : layers];
  });
  expect(Object.fromEntries(found)).toEqual(LAYERS_OF);
  expect(found).toHaveLength(Object.keys(LAYERS_OF).length);
});
