import { expect, it } from 'vitest';
import { nearNames } from './near-names.ts';

const NAMES = [
  'embeddings.weight',
  'encoder.layer.0.weight',
  'encoder.layer.1.weight',
  'pooler.bias',
];

it('the nearest names come first, names far off are left out', () => {
  expect(nearNames('embedings.weight', NAMES)).toEqual(['embeddings.weight']);
  expect(nearNames('encoder.layer.0.wieght', NAMES)[0]).toBe('encoder.layer.0.weight');
  expect(nearNames('zzz', NAMES)).toEqual([]);
});

it('the end of a name finds the whole', () => {
  expect(nearNames('pooler.bias', NAMES)[0]).toBe('pooler.bias');
  expect(nearNames('layer.1.weight', NAMES)[0]).toBe('encoder.layer.1.weight');
});
