export function withFigures(readme: string, records: readonly unknown[]): string;
export function wrongFigures(readme: string, records: readonly unknown[]): readonly string[];
