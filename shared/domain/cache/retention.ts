const DAY_MS = 24 * 3_600_000;

/** Bytes of entries by the day of their last use: what decides which ones go, in bounded memory. */
export class UseByDay {
  readonly #bytes = new Map<number, number>();
  total = 0;

  add(usedMs: number, bytes: number): void {
    const day = Math.floor(usedMs / DAY_MS);
    this.#bytes.set(day, (this.#bytes.get(day) ?? 0) + bytes);
    this.total += bytes;
  }

  /**
   * To free so many bytes: all that was last used before `beforeMs` goes, and of the day that
   * begins there `ofThatDay` bytes, in any order.
   */
  choose(freeBytes: number): { readonly beforeMs: number; readonly ofThatDay: number } {
    let left = freeBytes;
    for (const [day, bytes] of [...this.#bytes].toSorted(([a], [b]) => a - b)) {
      if (bytes >= left) return { beforeMs: day * DAY_MS, ofThatDay: Math.max(0, left) };
      left -= bytes;
    }
    return { beforeMs: Number.POSITIVE_INFINITY, ofThatDay: 0 };
  }
}

/** Which digests are referred to: 16 MiB for any number, and now and then one too many. */
export class DigestMarks {
  readonly #bits = new Uint8Array(2 ** 24);

  add(digest: string): void {
    const place = placeOf(digest);
    const byte = this.#bits[place >>> 3] ?? 0;
    this.#bits[place >>> 3] = byte | (1 << (place & 7));
  }

  mayHave(digest: string): boolean {
    const place = placeOf(digest);
    return ((this.#bits[place >>> 3] ?? 0) & (1 << (place & 7))) !== 0;
  }
}

const placeOf = (digest: string): number => Number.parseInt(digest.slice(0, 8), 16) >>> 5;

export const isSameDay = (ms: number, dayStartMs: number): boolean =>
  ms >= dayStartMs && ms < dayStartMs + DAY_MS;
