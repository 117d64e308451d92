// Every metric that is promised, as data. A metric is
//   id        its name for ever: history and export go by it
//   rank      'primary' or 'secondary'
//   title, unit, better ('higher' | 'lower')
//   client    the client's limit { min?, max?, text? }; goal: ours
//   record    the product of the records that hold it; path (keys) or read(data) finds the value in one
//   computed  instead of both: a value that is arithmetic
//   command   what measures it
//   reason(value, data)  why the limit is missed, by the figures of the record
//   elsewhere, open      what a row waits for that cannot be decided, or measured, on this machine
//   chart { id, title, kind, series } and peers(data): its place in the dashboard
// Values never stand here: they come out of records.
import { cache } from './cache.mjs';
import { checkpoint } from './checkpoint.mjs';
import { dedup } from './dedup.mjs';

export const PRODUCTS = [
  { name: 'checkpoint', title: 'Checkpoints', metrics: checkpoint },
  { name: 'dedup', title: 'Deduplication', metrics: dedup },
  { name: 'cache', title: 'Compile cache', metrics: cache },
];
