import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { showCache } from '../demo/cache/show-cache.ts';
import { showDedup } from '../demo/dedup/show-dedup.ts';
import { type DemoHost, openDemoHost } from '../demo/demo-host.ts';
import type { StepFile } from '../demo/prepare-input.ts';
import { prepareSteps, showCheckpoints } from '../demo/show-checkpoints.ts';
import { describeSummary, isExact, type Shown, summaryJson } from '../demo/summary.ts';
import { EXIT } from '../exit-code.ts';
import { parseOptions, pathSchema } from '../parse-options.ts';
import type { Command, Session } from '../session.ts';
import { findProject, type Project } from './project.ts';

export const PRODUCTS = ['checkpoint', 'dedup', 'cache'] as const;

const optionsSchema = z.object({
  file: pathSchema.optional(),
  host: z.enum(['aws-local', 'one-machine']).optional(),
  keep: z.boolean().default(false),
  only: z.array(z.enum(PRODUCTS)).default([]),
});

/** `mithril local demo`: what `npm start` runs after set-up. */
export const demo: Command = async (session, _args, given) => {
  const options = parseOptions(optionsSchema, given);
  const products = new Set(options.only.length > 0 ? options.only : PRODUCTS);
  const project = findProject();
  await mkdir(join(project.root, '.mithril'), { recursive: true });
  const work = await mkdtemp(join(project.root, '.mithril', `demo-${process.pid}-`));
  const forget = session.interruption.onExit(() => rmSync(work, { recursive: true, force: true }));
  try {
    const isWanted = products.has('checkpoint');
    const steps = isWanted ? await prepareSteps(session, options.file ?? null, work) : [];
    const startedMs = performance.now();
    const host = await openDemoHost(session, project, options.host ?? null, options.keep);
    const shown = await showAll(session, { project, work, products, steps, host });
    const seconds = (performance.now() - startedMs) / 1000;
    const facts = { ...shown, kind: host.kind, seconds, isKept: host.isKept };
    session.terminal.result(describeSummary(facts), summaryJson(facts));
    return isExact(shown) ? EXIT.ok : EXIT.corruption;
  } finally {
    forget();
    await rm(work, { recursive: true, force: true });
  }
};

interface Demo {
  readonly project: Project;
  readonly products: ReadonlySet<(typeof PRODUCTS)[number]>;
  readonly steps: readonly StepFile[];
  readonly host: DemoHost;
  /** For what is restored, kept and compiled; gone at the end. */
  readonly work: string;
}

/** One product after the other; each ends with its line. */
async function showAll(session: Session, it: Demo): Promise<Shown> {
  const { project, products, steps, host, work } = it;
  try {
    return {
      checkpoints: products.has('checkpoint')
        ? await showCheckpoints(session, host, steps, work)
        : [],
      dedup: products.has('dedup') ? await showDedup(session, host, project, work) : null,
      cache: products.has('cache') ? await showCache(session, host, project, work) : null,
    };
  } finally {
    await host.close();
  }
}
