import type { Sha256 } from '../../contracts/brands.ts';
import { RUN_METADATA, STEP_METADATA } from '../../contracts/checkpoint-keys.ts';
import type { ObjectVersion } from '../../contracts/checkpoint-object.ts';
import { asciiJson } from './ascii-json.ts';
import { sha256Of } from './identity.ts';

/** Same-named objects of one run form a series; a checkpoint's base has a lower step in it. */
export interface SeriesPlace {
  readonly series: Sha256;
  readonly step: number;
}

const STEP_TEXT = /^[0-9]{1,15}$/u;

const stepOf = (text: string | undefined): number | null =>
  text !== undefined && STEP_TEXT.test(text) ? Number(text) : null;

/** `checkpoint-500/global_step500/…`: with its number there, each step would be a series of its own. */
const withoutStep = (name: string, step: number): string =>
  name.replace(/(global_step)([0-9]{1,15})(?![0-9])/gu, (whole, word: string, digits: string) =>
    Number(digits) === step ? word : whole,
  );

const lastComponent = (key: string): string => key.slice(key.lastIndexOf('/') + 1);

/**
 * Metadata of the upload overrides the key pattern. Without a step from either, the series is the
 * key itself (its versions follow each other) and the step is the time of the upload.
 */
export const placeInSeries = (
  object: ObjectVersion,
  metadata: Readonly<Record<string, string>>,
  keyPattern: string,
): SeriesPlace => {
  const groups = new RegExp(keyPattern, 'su').exec(object.key)?.groups;
  const step = stepOf(metadata[STEP_METADATA]) ?? stepOf(groups?.['step']);
  if (step === null) {
    return {
      series: sha256Of(asciiJson(['key', object.bucket, object.key])),
      step: object.lastModifiedMs,
    };
  }
  const run = metadata[RUN_METADATA];
  const unmatchedName = run === undefined ? object.key : lastComponent(object.key);
  return {
    series: sha256Of(
      asciiJson([
        'run',
        object.bucket,
        run ?? groups?.['run'] ?? '',
        withoutStep(groups?.['name'] ?? unmatchedName, step),
      ]),
    ),
    step,
  };
};
