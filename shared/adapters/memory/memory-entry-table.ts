import {
  type Entry,
  type EntryKey,
  type EntryWrite,
  type EntryWriteResult,
  type RemovableEntryTable,
  requireFewEntries,
} from '../../ports/entry-table.ts';

/** The catalogue table in memory: every write is checked and done in one step. */
export class MemoryEntryTable implements RemovableEntryTable {
  readonly #partitions = new Map<string, Map<string, Entry>>();

  async read(key: EntryKey): Promise<Entry | null> {
    const entry = this.#find(key);
    return entry === null ? null : structuredClone(entry);
  }

  async write(entry: EntryWrite): Promise<EntryWriteResult> {
    return this.writeAll([entry]);
  }

  async writeAll(entries: readonly EntryWrite[]): Promise<EntryWriteResult> {
    requireFewEntries(entries);
    for (const { key, expect } of entries) {
      if ((this.#find(key)?.version ?? 'absent') !== expect) {
        return { kind: 'conflict' };
      }
    }
    for (const { key, body, expect } of entries) {
      const partition = this.#partitions.get(key.pk) ?? new Map<string, Entry>();
      const version = expect === 'absent' ? 1 : expect + 1;
      partition.set(key.sk, { key, body: structuredClone(body), version });
      this.#partitions.set(key.pk, partition);
    }
    return { kind: 'written' };
  }

  async remove(key: EntryKey, version: number): Promise<EntryWriteResult> {
    if (this.#find(key)?.version !== version) return { kind: 'conflict' };
    this.#partitions.get(key.pk)?.delete(key.sk);
    return { kind: 'written' };
  }

  async readBefore(pk: string, before: string, countMax: number): Promise<readonly Entry[]> {
    const entries = [...(this.#partitions.get(pk)?.values() ?? [])];
    return entries
      .filter(({ key }) => Buffer.compare(Buffer.from(key.sk), Buffer.from(before)) < 0)
      .sort((one, other) => Buffer.compare(Buffer.from(other.key.sk), Buffer.from(one.key.sk)))
      .slice(0, countMax)
      .map((entry) => structuredClone(entry));
  }

  #find({ pk, sk }: EntryKey): Entry | null {
    return this.#partitions.get(pk)?.get(sk) ?? null;
  }
}
