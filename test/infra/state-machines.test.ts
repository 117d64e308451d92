import { describe, expect, it } from 'vitest';
import { machinesOf, statesOf } from './state-machines.ts';
import { synthesize } from './synthesize.ts';

/** The subset of docs/local-stack.md: a pass on the local stack must not be a false pass. */
const { template } = synthesize();
const machines = machinesOf(template);
const text = JSON.stringify(machines);

describe('the state machines', () => {
  it('are the three machines and their kinds of children', () => {
    expect(machines.map((machine) => [machine.StartAt, machine.isChild])).toEqual([
      ['Plan', false],
      ['EncodeBatch', true],
      ['VerifyBatch', true],
      ['PlanRestore', false],
      ['RestoreBatch', true],
      ['Plan', false],
      ['HashBatch', true],
      ['BucketBatch', true],
      ['ShingleBatch', true],
      ['VerifyBatch', true],
      ['FilterBatch', true],
    ]);
  });

  it('use nothing that the local stack ignores in silence', () => {
    for (const word of [
      'ItemBatcher',
      'ResultWriter',
      'JSONata',
      'QueryLanguage',
      'Assign',
      'Arguments',
      'waitForTaskToken',
      '.sync',
      'Catch',
    ]) {
      expect(text).not.toContain(`"${word}"`);
      expect(text).not.toContain(word === '.sync' ? '.sync' : `{% ${word}`);
    }
  });

  it('retry throttled calls of every task, with jitter, backoff and a bound', () => {
    const tasks = statesOf(machines, 'Task');
    expect(tasks).toHaveLength(19);
    for (const task of tasks) {
      const retries = task.Retry ?? [];
      const named = retries.flatMap((retry) => retry.ErrorEquals);
      expect(named).toContain('Lambda.TooManyRequestsException');
      for (const retry of retries) {
        expect(retry).toMatchObject({
          ErrorEquals: expect.arrayContaining(['Lambda.TooManyRequestsException']),
          JitterStrategy: 'FULL',
          BackoffRate: 2,
          IntervalSeconds: expect.any(Number),
          MaxAttempts: expect.any(Number),
          MaxDelaySeconds: expect.any(Number),
        });
      }
      expect(retries.length).toBeGreaterThan(0);
    }
  });

  it('retry only faults, never every error', () => {
    const named = statesOf(machines, 'Task').flatMap((task) =>
      (task.Retry ?? []).flatMap((retry) => retry.ErrorEquals),
    );
    expect(named).toContain('MithrilRetryableFault');
    expect(named).not.toContain('States.ALL');
    expect(named).not.toContain('States.TaskFailed');
  });

  it('bound the time of every task and of every execution', () => {
    for (const task of statesOf(machines, 'Task')) {
      expect(task['TimeoutSeconds']).toBeGreaterThanOrEqual(60);
      expect(task['TimeoutSeconds']).toBeLessThanOrEqual(930);
    }
    for (const machine of machines.filter((other) => !other.isChild)) {
      expect(machine['TimeoutSeconds']).toBe(172_800);
    }
  });

  it('map over JSONL with STANDARD children of which none may fail', () => {
    const maps = statesOf(machines, 'Map');
    expect(maps).toHaveLength(8);
    for (const map of maps) {
      expect(map).toMatchObject({
        ToleratedFailurePercentage: 0,
        MaxConcurrency: expect.toSatisfy((workers) => workers === 50 || workers === 200),
        ResultPath: null,
        ItemProcessor: {
          ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        },
        ItemReader: { ReaderConfig: { InputType: 'JSONL' } },
      });
    }
  });

  it('end every child in a Pass that returns {}', () => {
    for (const child of machines.filter((machine) => machine.isChild)) {
      const ends = Object.values(child.States).filter((state) => state.Next === undefined);
      expect(ends).toEqual([{ Type: 'Pass', Result: {}, End: true }]);
    }
  });

  it('fail on an answer that they do not know', () => {
    for (const choice of statesOf(machines, 'Choice')) {
      expect(choice.Default).toBe('UnknownAnswer');
    }
  });

  it('name only states that exist, and reach each of them', () => {
    for (const machine of machines) {
      const targets = Object.values(machine.States).flatMap((state) => [
        ...(state.Next === undefined ? [] : [state.Next]),
        ...(state.Default === undefined ? [] : [state.Default]),
        ...(state.Choices ?? []).map((choice) => choice.Next),
      ]);
      expect(new Set([machine.StartAt, ...targets])).toEqual(new Set(Object.keys(machine.States)));
    }
  });
});
