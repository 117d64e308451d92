/** The text of an alarm: what is the matter, and where to read on. */
export const runbook = (section: string, matter: string): string =>
  `${matter} What to do: docs/runbook.md#${section}`;
