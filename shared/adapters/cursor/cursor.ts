import { z } from 'zod';

/** A place in a listing as opaque ASCII: keys may hold any character. */
export const encodeCursor = (marks: readonly string[]): string =>
  Buffer.from(JSON.stringify(marks), 'utf8').toString('base64url');

const marksSchema = z.array(z.string()).min(1).max(2);

/** Null where the text was not made by `encodeCursor`. */
export function decodeCursor(cursor: string): readonly string[] | null {
  try {
    const marks: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    const parsed = marksSchema.safeParse(marks);
    return parsed.success ? parsed.data : null;
  } catch {
    return null; // not JSON: as wrong as any other foreign text
  }
}
