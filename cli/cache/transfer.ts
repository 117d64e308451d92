import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { exportEntries, importEntries } from '../../shared/app/cache/transfer.ts';
import { namespaceSchema } from '../../shared/contracts/cache-names.ts';
import { CliError, Interrupted } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import { writeAtomically } from '../files/atomic-output.ts';
import { checkInput } from '../files/input-file.ts';
import { onlyArgument, parseOptions, pathSchema } from '../parse-options.ts';
import type { Command } from '../session.ts';
import { formatBytes, formatCount } from '../text/quantity.ts';
import { withCache } from './with-cache.ts';

const exportSchema = z.object({
  namespace: namespaceSchema,
  output: pathSchema,
  force: z.boolean().default(false),
});

/** `mithril cache export --namespace N -o FILE`. */
export const exportCache: Command = (session, _args, given) => {
  const { namespace, output, force } = parseOptions(exportSchema, given);
  const { interruption, terminal, cwd } = session;
  return withCache(session, given, async ({ context }) => {
    let [entries, bytes] = [0, 0];
    const count = (more: number): void => {
      entries += 1;
      bytes += more;
    };
    const target = { path: resolve(cwd, output), isForced: force, interruption };
    await writeAtomically(target, async (temporary) => {
      const file = await open(temporary, 'wx', 0o600);
      try {
        for await (const piece of exportEntries(context, namespace, count)) {
          if (interruption.signal.aborted) throw new Interrupted('interrupted');
          await file.writeFile(piece);
        }
      } finally {
        await file.close();
      }
    });
    terminal.result(
      `mithril-cache: Exported ${formatCount(entries)} entries of ${namespace}, ${formatBytes(bytes)}, to ${output}`,
      { command: 'cache export', namespace, entries, bytes, output: target.path },
    );
    return EXIT.ok;
  });
};

/** `mithril cache import FILE`: into the namespace that the file names. */
export const importCache: Command = async (session, args, given) => {
  const path = resolve(session.cwd, onlyArgument(args));
  await checkInput(path);
  const source = createReadStream(path, { signal: session.interruption.signal });
  return withCache(session, given, async ({ context }) => {
    const report = await importEntries(context, asBytes(source), 'import').catch(
      (cause: unknown) => {
        if (session.interruption.signal.aborted) throw new Interrupted('interrupted');
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new CliError(`cannot be imported: ${path}: ${why}`, {
          exitCode: EXIT.corruption,
          advice: 'Entries before the damaged one are imported. Take another copy of the file.',
          cause,
        });
      },
    );
    const { namespace, entries, bytes, present, conflicts } = report;
    session.terminal.result(
      `mithril-cache: Imported ${formatCount(entries)} entries into ${namespace}, ${formatBytes(bytes)}; ` +
        `${formatCount(present)} were there, ${formatCount(conflicts)} were refused`,
      { command: 'cache import', ...report },
    );
    return EXIT.ok;
  });
};

async function* asBytes(source: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const piece of source) if (piece instanceof Uint8Array) yield piece;
}
