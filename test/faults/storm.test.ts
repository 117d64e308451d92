import { describe, expect, it } from 'vitest';
import { runOnce } from './fail-at-nth.ts';
import { type Call, FAULTS, type Fault, Injector, type Worker } from './injector.ts';

const SEEDS = 300;
/** One call in this many fails, for the first calls of a run; then the weather clears up. */
const FAILURE_EVERY = 25;
const STORM_CALLS = 600;
const FAULTS_OF_ONE_CALL = FAULTS.filter((fault) => fault !== 'outage of 14 calls');

/** Many faults in one run, so that the ways of recovery meet faults as well. */
class Storm extends Injector {
  #state: number;
  #calls = 0;
  faults = 0;

  constructor(seed: number) {
    super(null, 0);
    this.#state = Math.imul(seed, 2_654_435_761) >>> 0;
  }

  override async call<T>(worker: Worker, call: Call<T>): Promise<T> {
    this.#calls += 1;
    const isStruck =
      !worker.isDead && this.#calls <= STORM_CALLS && this.#random() % FAILURE_EVERY === 0;
    if (!isStruck) {
      return super.call(worker, call);
    }
    this.faults += 1;
    const fault: Fault =
      FAULTS_OF_ONE_CALL[this.#random() % FAULTS_OF_ONE_CALL.length] ?? 'throttle';
    return this.inject(fault, worker, call);
  }

  #random(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state >>> 8;
  }
}

describe('many faults in one run', () => {
  it('lose nothing and give nothing wrong', { timeout: 180_000 }, async () => {
    const findings: string[] = [];
    let faults = 0;
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const storm = new Storm(seed);
      const options = { isVersioned: seed % 2 === 0, hasChecksum: seed % 3 !== 0 };
      const found = await runOnce(options, storm);
      findings.push(...found.map((finding) => `seed ${seed}: ${finding}`));
      faults += storm.faults;
    }
    expect(findings).toEqual([]);
    expect(faults).toBeGreaterThan(SEEDS * 5);
  });

  it('are told from success: without reconcile an event that never arrives is a loss', async () => {
    const findings = await runOnce({}, new Injector('outage of 14 calls', 1), false);
    expect(findings).toContainEqual(expect.stringContaining('lost: '));
  });
});
