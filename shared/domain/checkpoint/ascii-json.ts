const escapeUnit = (unit: string): string =>
  `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * JSON in ASCII: every other code unit is escaped. Object keys may hold any character, and
 * readers of JSON lines (Step Functions' ItemReader among them) split at U+2028, U+0085 and such.
 */
export const asciiJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll(/[\u007f-\u{10ffff}]/gu, (character) =>
    character.split('').map(escapeUnit).join(''),
  );

/** One line a value, each ended by a newline. */
export const asciiJsonLines = (values: readonly unknown[]): string =>
  values.map((value) => `${asciiJson(value)}\n`).join('');
