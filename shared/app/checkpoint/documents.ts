import type { z } from 'zod';
import { DOCUMENT_BYTES_MAX } from '../../contracts/limits.ts';
import { asciiJson } from '../../domain/checkpoint/ascii-json.ts';
import type { WriteResult } from '../../ports/object-store.ts';
import { CheckpointFault } from './checkpoint-fault.ts';
import type { CheckpointContext } from './context.ts';

/** Small JSON objects of the store bucket: plans, layouts, results. Each is written once. */
interface DocumentContext {
  readonly objects: CheckpointContext['objects'];
  readonly settings: Pick<CheckpointContext['settings'], 'storeBucket'>;
}

const parseJson = (text: string, key: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    // A cut answer looks like this as well, so a retry may help; what is stored is never rewritten.
    throw new CheckpointFault('DocumentInvalid', key, {
      message: 'the document is not JSON',
      retryable: true,
      cause: error,
    });
  }
};

export const findDocument = async <Schema extends z.ZodType>(
  context: DocumentContext,
  key: string,
  schema: Schema,
): Promise<z.infer<Schema> | null> => {
  const reference = { bucket: context.settings.storeBucket, key };
  const result = await context.objects.readAll(reference, DOCUMENT_BYTES_MAX);
  if (result.kind !== 'read') {
    return null;
  }
  const parsed = schema.safeParse(parseJson(result.bytes.toString('utf8'), key));
  if (!parsed.success) {
    throw new CheckpointFault('DocumentInvalid', key, {
      message: parsed.error.message,
      retryable: false,
    });
  }
  return parsed.data;
};

/** A document that an earlier state of the same attempt wrote. */
export const readDocument = async <Schema extends z.ZodType>(
  context: DocumentContext,
  key: string,
  schema: Schema,
): Promise<z.infer<Schema>> => {
  const document = await findDocument(context, key, schema);
  if (document === null) {
    throw new CheckpointFault('DocumentMissing', key, {
      message: 'an earlier state should have written this document',
      retryable: false,
    });
  }
  return document;
};

export const writeText = (
  context: DocumentContext,
  key: string,
  text: string,
): Promise<WriteResult> =>
  context.objects.write({ bucket: context.settings.storeBucket, key }, Buffer.from(text, 'utf8'), {
    ifAbsent: true,
    contentType: 'application/json',
  });

/** The first writer wins; `exists` tells the others to read what is there. */
export const writeDocument = (
  context: DocumentContext,
  key: string,
  value: unknown,
): Promise<WriteResult> => writeText(context, key, asciiJson(value));

/** Writes the document, or answers with the one that a twin of this worker wrote first. */
export const settleDocument = async <Schema extends z.ZodType>(
  context: DocumentContext,
  key: string,
  value: z.infer<Schema>,
  schema: Schema,
): Promise<z.infer<Schema>> => {
  const written = await writeDocument(context, key, value);
  return written.kind === 'created' ? value : readDocument(context, key, schema);
};
