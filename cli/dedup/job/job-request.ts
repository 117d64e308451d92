import {
  type DedupRequest,
  dedupRequestSchema,
  type Place,
} from '../../../shared/contracts/dedup-job.ts';
import { readDedupOptions } from '../options.ts';

/** Options of files, and of the account: the job has none of these. */
const OTHERS: ReadonlySet<string> = new Set([
  'config',
  'profile',
  'region',
  'endpointUrl',
  'wait',
  'output',
  'workers',
  'rowBytes',
  'candidates',
]);

/** What the options of the command line say, as the job is told it. */
export function requestOf(input: Place, output: Place, given: object): DedupRequest {
  const own = Object.entries(given).filter(([name]) => !OTHERS.has(name));
  const options = readDedupOptions(Object.fromEntries(own));
  return dedupRequestSchema.parse({
    input,
    output,
    settings: {
      textKey: options.textKey,
      threshold: options.threshold,
      unit: options.ngram.unit,
      n: options.ngram.n,
      permutations: options.numPerm,
      bands: options.bands,
      rows: options.rows,
      seed: options.seed,
    },
    keep: options.keep,
    mode: options.mode,
    idKey: options.idKey,
    badShareMax: options.maxBad,
  });
}
