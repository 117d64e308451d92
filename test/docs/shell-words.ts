/** Commands of a line of a shell, as words; what is behind a redirection is left out. */
export function commandsOf(line: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]];
  for (const { groups } of line.matchAll(TOKEN)) {
    if (groups?.['comment'] !== undefined) break;
    if (groups?.['end'] !== undefined) commands.push([]);
    else if (groups?.['word'] !== undefined) commands.at(-1)?.push(unquote(groups['word']));
  }
  return commands.map(withoutVariables).filter((words) => words.length > 0);
}

const TOKEN =
  /(?<space>\s+)|(?<comment>#.*)|(?<end>&&|\|\||[|;&()]|\d?>{1,2}\s*\S+|<\s*\S+)|(?<word>(?:[^\s|;&<>()"']|"[^"]*"|'[^']*')+)/gu;

const unquote = (word: string): string => word.replaceAll(/"([^"]*)"|'([^']*)'/gu, '$1$2');

function withoutVariables(words: readonly string[]): readonly string[] {
  const first = words.findIndex((word) => !/^[A-Z_]+=/u.test(word));
  return first === -1 ? [] : words.slice(first);
}

/** Lines, with those that end in a backslash joined to the next. */
export const shellLinesOf = (text: string): readonly string[] =>
  text.replaceAll(/\\\n\s*/gu, ' ').split('\n');
