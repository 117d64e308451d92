import { describe, expect, it } from 'vitest';
import type { ObjectVersion } from '../../shared/contracts/checkpoint-object.ts';
import { Cloud, type CloudOptions, nextStep, weights } from './cloud.ts';
import { FAULTS, type Fault, Injector } from './injector.ts';

/**
 * Every call of every port fails once, in every way: the Nth call of a run is made to fail, for N
 * from 1 until a run has fewer calls. After each run reconcile works until it finds nothing to do;
 * then both checkpoints must be verified, restored bit for bit, and the originals untouched.
 */
const BYTES = 20_000;
const FIRST = weights(BYTES, 1);
const SECOND = nextStep(FIRST, 9_000);
const RESTORED_KEY = 'restored/model.bin';
const RESTORES_MAX = 5;
const CALLS_MAX = 2_000;
/** Of one fault at every call; seconds on an idle machine. */
const TIMEOUT_MS = 180_000;

interface Uploads {
  readonly object: ObjectVersion;
  readonly bytes: Buffer;
}

const restoreUntilDone = async (cloud: Cloud, object: ObjectVersion): Promise<string> => {
  for (let tries = 0; tries < RESTORES_MAX; tries += 1) {
    try {
      const output = await cloud.restore(object, RESTORED_KEY);
      await cloud.settle();
      if (output.kind === 'restored') {
        return 'restored';
      }
    } catch {
      // A person runs the restore again.
    }
  }
  return 'not restored';
};

/** What is wrong after a run, as sentences; empty where nothing is lost and nothing is wrong. */
const findLosses = async (cloud: Cloud, uploads: readonly Uploads[]): Promise<string[]> => {
  const found: string[] = [];
  for (const { object, bytes } of uploads) {
    const row = await cloud.row(object);
    if (cloud.original(object)?.equals(bytes) !== true) {
      found.push(`lost: the original of ${object.key} changed`);
    }
    if (row?.state !== 'VERIFIED') {
      found.push(`lost: ${object.key} is ${row?.state ?? 'unknown'}: ${row?.reason ?? ''}`);
    } else if (!(await cloud.decode(object)).equals(bytes)) {
      found.push(`wrong: ${object.key} decodes to other bytes`);
    }
  }
  return found;
};

/** Two uploads and a restore; reconcile puts right what faults left behind. */
export const runOnce = async (
  options: CloudOptions,
  injector: Injector,
  hasReconcile = true,
): Promise<string[]> => {
  const reconcile = async (cloud: Cloud): Promise<void> => {
    if (hasReconcile) {
      await cloud.reconcileUntilQuiet();
    }
  };
  const cloud = new Cloud({ ...options, injector });
  const one = await cloud.process('checkpoints/run/step-1/model.bin', FIRST);
  await reconcile(cloud);
  const two = await cloud.process('checkpoints/run/step-2/model.bin', SECOND);
  await reconcile(cloud);
  const restored = await restoreUntilDone(cloud, two);
  await cloud.settle();
  const found = await findLosses(cloud, [
    { object: one, bytes: FIRST },
    { object: two, bytes: SECOND },
  ]);
  const target = cloud.stored(RESTORED_KEY);
  if (restored !== 'restored') {
    found.push('lost: the restore did not end');
  }
  if (target !== null && !target.equals(SECOND)) {
    found.push('wrong: the restored object has other bytes');
  }
  return found;
};

interface Tally {
  readonly fault: Fault;
  readonly sites: Set<string>;
  cases: number;
  readonly findings: string[];
}

const failAtEveryCall = async (options: CloudOptions, fault: Fault): Promise<Tally> => {
  const tally: Tally = { fault, sites: new Set(), cases: 0, findings: [] };
  for (let target = 1; target <= CALLS_MAX; target += 1) {
    const injector = new Injector(fault, target);
    const findings = await runOnce(options, injector);
    if (injector.hit === null) {
      return tally;
    }
    tally.cases += 1;
    tally.sites.add(injector.hit);
    tally.findings.push(
      ...findings.map((finding) => `${fault} at call ${target} (${injector.hit}): ${finding}`),
    );
  }
  throw new Error(`a run has more than ${CALLS_MAX} calls`);
};

const printTable = (name: string, siteCount: number, tallies: readonly Tally[]): void => {
  const lost = (tally: Tally): number =>
    tally.findings.filter((finding) => finding.includes(': lost: ')).length;
  const lines = tallies.map(
    (tally) =>
      `${tally.fault.padEnd(22)}${String(tally.sites.size).padStart(12)}${String(tally.cases).padStart(8)}${String(lost(tally)).padStart(6)}${String(tally.findings.length - lost(tally)).padStart(7)}`,
  );
  const cases = tallies.reduce((sum, tally) => sum + tally.cases, 0);
  const header = `${'fault'.padEnd(22)}${'call sites'.padStart(12)}${'cases'.padStart(8)}${'lost'.padStart(6)}${'wrong'.padStart(7)}`;
  process.stdout.write(
    `\nFail at Nth, ${name}: ${siteCount} call sites, ${cases} cases\n${header}\n${lines.join('\n')}\n`,
  );
};

/** The loop over all faults for one kind of bucket. */
export const describeFailAtNth = (name: string, options: CloudOptions): void => {
  describe(`fail at Nth call: ${name}`, () => {
    const tallies: Tally[] = [];

    it.each(FAULTS)(
      'nothing is lost and nothing is wrong: %s',
      { timeout: TIMEOUT_MS },
      async (fault) => {
        const tally = await failAtEveryCall(options, fault);
        tallies.push(tally);
        expect(tally.findings).toEqual([]);
        expect(tally.cases).toBeGreaterThan(fault === 'short read' ? 20 : 100);
      },
    );

    it('reaches every call site of a run without faults', async () => {
      const injector = new Injector(null, 0);
      expect(await runOnce(options, injector)).toEqual([]);
      printTable(name, injector.sites.size, tallies);
      const reached = new Set(tallies.flatMap((tally) => [...tally.sites]));
      expect([...injector.sites.keys()].filter((site) => !reached.has(site))).toEqual([]);
    });
  });
};
