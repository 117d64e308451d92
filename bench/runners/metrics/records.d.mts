export const RECORDS: string;
export function loadRecords(folder: string): readonly unknown[];
