import type { ByteRange } from '../../ports/object-store.ts';

const RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/u;

/** One range of RFC 9110; null for none, or for what a server may pass over (several, other units). */
export function readRange(
  header: string | undefined,
  bytes: number,
): ByteRange | null | 'unsatisfiable' {
  const [, first, last] = RANGE.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return null;
  if (first === '') {
    const length = Math.min(Number(last), bytes);
    return length === 0 ? 'unsatisfiable' : { offset: bytes - length, length };
  }
  const offset = Number(first);
  if (last !== '' && Number(last) < offset) return null;
  if (offset >= bytes) return 'unsatisfiable';
  const end = last === '' ? bytes : Math.min(bytes, Number(last) + 1);
  return { offset, length: end - offset };
}
