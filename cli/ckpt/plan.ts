import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { DELTA_GAIN_MIN } from '../../shared/contracts/limits.ts';
import { PRICES } from '../../shared/domain/cost/prices.ts';
import type { Codec } from '../../shared/ports/codec.ts';
import type { ObjectStore } from '../../shared/ports/object-store.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import { onlyArgument, parseOptions, threadsSchema } from '../parse-options.ts';
import type { Command } from '../session.ts';
import { readSettings } from '../settings/read-settings.ts';
import { fileSource, objectSource } from './byte-sources.ts';
import { type Estimate, estimate } from './estimate.ts';
import { describePlan, risksOf } from './plan-text.ts';
import { isS3Uri } from './s3-uri.ts';
import { type ByteSource, sample } from './sample.ts';

const baseOption = z.array(z.string().min(1)).max(1, 'one base at most').or(z.string().min(1));
const optionsSchema = z.object({ base: baseOption.optional(), threads: threadsSchema });

/** `mithril ckpt plan FILE|s3://... [--base FILE|s3://...]`: reads samples, writes nothing. */
export const plan: Command = async (session, args, given) => {
  const options = parseOptions(optionsSchema, given);
  const input = onlyArgument(args);
  const base = [options.base ?? []].flat()[0] ?? null;
  const { createNativeCodec } = await import('../../shared/adapters/native/native-codec.ts');
  const codec: Codec = createNativeCodec();
  const objects = [input, base ?? ''].some(isS3Uri) ? await openObjects(session, given) : null;
  const open = (name: string, role: string): Promise<ByteSource> =>
    isS3Uri(name) && objects !== null ? objectSource(objects, name) : fileSource(name, role);
  const target = await open(input, 'input');
  const earlier = base === null ? null : await open(base, 'base');
  if (earlier !== null && target.bytes === 0) throw new CliError(`${input} is empty`);
  const threads = options.threads === 0 ? availableParallelism() : options.threads;
  const sampled = await sample(codec, target, earlier, threads);
  const result: Estimate = estimate({
    bytes: target.bytes,
    samples: sampled.samples,
    hasBase: earlier !== null,
    gainMin: DELTA_GAIN_MIN,
  });
  const facts = { name: input, base, container: sampled.container, estimate: result };
  session.terminal.result(describePlan(facts), {
    command: 'plan',
    input,
    base,
    container: sampled.container.kind,
    mappedBytes: sampled.mappedBytes,
    ...result,
    prices: PRICES,
    risks: risksOf(facts),
  });
  return EXIT.ok;
};

async function openObjects(
  session: Parameters<Command>[0],
  given: unknown,
): Promise<Pick<ObjectStore, 'head' | 'read'>> {
  const { openObjectStore } = await import('../hosts/open-object-store.ts');
  return openObjectStore(readSettings(session, given));
}
