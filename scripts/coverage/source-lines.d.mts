export interface Point {
  readonly offset: number;
  /** Index into the sources of the map. */
  readonly source: number;
  readonly line: number;
}
export function readPoints(code: string, map: { readonly mappings: string }): readonly Point[];
export function markRan(
  points: readonly Point[],
  functions: readonly unknown[],
  ran: Uint8Array,
): void;
