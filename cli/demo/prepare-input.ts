import { basename } from 'node:path';
import { createNativeCodec } from '../../shared/adapters/native/native-codec.ts';
import type { TensorRecord } from '../../shared/ports/codec.ts';
import { fileSource } from '../ckpt/byte-sources.ts';
import { probeSource } from '../ckpt/sample.ts';
import { CliError, Interrupted } from '../cli-error.ts';
import { checkInput } from '../files/input-file.ts';
import type { Session } from '../session.ts';
import { formatBytes, formatCount } from '../text/quantity.ts';
import { CHANGE_PROBABILITY, CHANGE_SCALE, CHANGE_SEED } from './change-weights.ts';
import { writeChangedCopy } from './changed-copy.ts';
import { findModel, MODEL_TITLE, sha256OfFile } from './model.ts';

export interface StepFile {
  readonly number: 1 | 2;
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Key in the source bucket. */
  readonly key: string;
}

const keyOf = (run: string, step: number, name: string): string =>
  `checkpoints/${run}/step-${String(step).padStart(6, '0')}/${name}`;

/** Step 1: the file as it is. */
export async function prepareInput(session: Session, file: string | null): Promise<StepFile> {
  const path = file ?? (await findModel(session));
  const bytes = await checkInput(path);
  if (bytes === 0) throw new CliError(`the file is empty: ${path}`);
  const title = file === null ? MODEL_TITLE : path;
  session.terminal.note(`Step 1: ${title}, ${formatBytes(bytes)}`);
  const sha256 = await sha256OfFile(path);
  return { number: 1, path, bytes, sha256, key: keyOf(runOf(file), 1, basename(path)) };
}

const runOf = (file: string | null): string => (file === null ? 'minilm' : 'demo');

/** Step 2: the same with about 1% of the weights changed. */
export async function changedStep(
  session: Session,
  original: StepFile,
  path: string,
): Promise<StepFile> {
  const tensors = await listTensors(original.path);
  const { signal } = session.interruption;
  const copy = await writeChangedCopy(original.path, path, tensors, signal).catch(
    (error: unknown) => {
      throw signal.aborted ? new Interrupted('interrupted') : error;
    },
  );
  const counted = `${formatCount(copy.changed)} of ${formatCount(copy.values)}`;
  session.terminal.note(
    `Step 2: the same with ${counted} ${describeLaw(tensors.length > 0)} (seed ${CHANGE_SEED})`,
  );
  const key = original.key.replace('step-000001', 'step-000002');
  return { number: 2, path, bytes: copy.bytes, sha256: copy.sha256, key };
}

function describeLaw(hasTensors: boolean): string {
  const each = `each independently with p = ${CHANGE_PROBABILITY}`;
  if (!hasTensors) return `bytes changed: ${each} becomes another byte`;
  return (
    `weights changed: ${each} is multiplied by (1 + ${CHANGE_SCALE} n), n standard normal, ` +
    'and rounded to its type'
  );
}

async function listTensors(path: string): Promise<readonly TensorRecord[]> {
  const codec = createNativeCodec();
  const { container, probe } = await probeSource(codec, await fileSource(path, 'input'));
  return container.kind === 'safetensors' ? codec.listTensors(probe) : [];
}
