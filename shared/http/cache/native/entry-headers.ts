import type { FoundEntry } from '../../../app/cache/entry-rows.ts';
import { HEADER } from '../../../contracts/cache-names.ts';

export function nativeHeaders({ row }: FoundEntry): Readonly<Record<string, string>> {
  return {
    [HEADER.signature]: row.signature ?? '',
    [HEADER.toolchain]: row.toolchain ?? '',
    [HEADER.compileSeconds]: String(row.compileSeconds),
    [HEADER.created]: new Date(row.createdMs).toISOString(),
  };
}
