import { expect, it } from 'vitest';
import { formatShort } from '../text/quantity.ts';
import { formatShare, processedLine } from './texts.ts';

it('the closing line is the one of the design', () => {
  expect(processedLine({ docs: 1_400_000, duplicates: 412_000, seconds: 14.2 })).toBe(
    'mithril-dedup: Processed 1.4M docs in 14.2s (98.6K docs/s), found 412K duplicates (29.4%)',
  );
  expect(processedLine({ docs: 0, duplicates: 0, seconds: 0 })).toBe(
    'mithril-dedup: Processed 0 docs in 0.00s (0 docs/s), found 0 duplicates (0.0%)',
  );
});

it('counts have three digits and shares never vanish', () => {
  expect([7, 999, 1_000, 98_592, 999_700, 1.4e6, 2.3e9].map(formatShort)).toEqual([
    '7',
    '999',
    '1.0K',
    '98.6K',
    '1.0M',
    '1.4M',
    '2.3B',
  ]);
  expect([0, 0.0005, 0.012, 1].map(formatShare)).toEqual(['0.0%', '0.05%', '1.2%', '100.0%']);
});
