import { describe, expect, it } from 'vitest';
import { VERSION } from '../../shared/contracts/version.ts';
import type { FunctionFacts } from '../aws/read-functions.ts';
import type { StackFacts } from '../aws/read-stack.ts';
import { judgeClock, judgeConcurrency } from './judge-account.ts';
import { judgeEvents, judgeMapping, judgeVersioning } from './judge-source.ts';
import { judgeFunctions, judgeStack } from './judge-stack.ts';

const FUNCTION: FunctionFacts = {
  name: 'encode',
  state: 'Active',
  lastUpdate: 'Successful',
  runtime: 'nodejs24.x',
  architecture: 'arm64',
  memoryMib: 1_769,
  layers: [{ arn: 'layer:1', architectures: ['arm64', 'x86_64'] }],
  reserved: null,
};
const STACK: StackFacts = {
  name: 'Team',
  status: 'UPDATE_COMPLETE',
  changedMs: 0,
  parameters: { Enabled: 'on' },
  outputs: { Version: VERSION },
};

describe('the concurrency of an account', () => {
  it('of a new account does not take the default configuration, and one that fits is named', () => {
    const result = judgeConcurrency({ limit: 10, unreserved: 10 }, null);
    expect(result).toMatchObject({ kind: 'fail', text: expect.stringMatching(/^10 functions/u) });
    expect(result.advice).toContain('L-B99A9384');
    expect(result.advice).toContain('"concurrency": {"workers": 5, "reserved": false}');
  });

  it('that is small takes as many workers as leave 100 unreserved', () => {
    expect(judgeConcurrency({ limit: 199, unreserved: 199 }, null).advice).toContain(
      '"concurrency": {"workers": 49}',
    );
    expect(judgeConcurrency({ limit: 200, unreserved: 200 }, null).kind).toBe('ok');
  });

  it('of a deployed stack says what it reserves, and warns of a new account', () => {
    const deployed = [{ ...FUNCTION, reserved: 50 }, { ...FUNCTION, reserved: 50 }, FUNCTION];
    expect(judgeConcurrency({ limit: 1_000, unreserved: 900 }, deployed)).toMatchObject({
      kind: 'ok',
      text: expect.stringContaining('the stack reserves 100'),
    });
    expect(judgeConcurrency({ limit: 10, unreserved: 10 }, [FUNCTION]).kind).toBe('warn');
  });
});

describe('the clock', () => {
  it.each([
    [29_000, 'ok'],
    [31_000, 'warn'],
    [-31_000, 'warn'],
    [299_000, 'warn'],
    [301_000, 'fail'],
  ])('%i ms off is %s', (offsetMs, kind) => {
    expect(judgeClock(1e12 + offsetMs, 1e12).kind).toBe(kind);
  });

  it('says in which direction', () => {
    expect(judgeClock(1e12 - 60_000, 1e12).text).toBe('this machine is 60 s slow');
  });
});

describe('the stack', () => {
  it.each([
    [STACK, 'ok'],
    [{ ...STACK, status: 'UPDATE_IN_PROGRESS' }, 'warn'],
    [{ ...STACK, status: 'UPDATE_ROLLBACK_COMPLETE' }, 'warn'],
    [{ ...STACK, status: 'ROLLBACK_COMPLETE' }, 'fail'],
    [{ ...STACK, status: 'DELETE_FAILED' }, 'fail'],
    [{ ...STACK, parameters: { Enabled: 'off' } }, 'warn'],
    [{ ...STACK, outputs: { Version: '0.0.9' } }, 'warn'],
    [{ ...STACK, outputs: {} }, 'warn'],
  ])('%# is judged', (facts, kind) => {
    const result = judgeStack(facts);
    expect(result.kind).toBe(kind);
    expect(result.advice === '').toBe(kind === 'ok');
  });
});

describe('the functions', () => {
  it('are well where each is active and fits its layers', () => {
    expect(judgeFunctions([FUNCTION, FUNCTION])).toMatchObject({
      kind: 'ok',
      text: '2 functions, nodejs24.x on arm64',
    });
    const anyLayer = { ...FUNCTION, layers: [{ arn: 'layer:1', architectures: [] }] };
    expect(judgeFunctions([anyLayer]).kind).toBe('ok');
  });

  it('are not, where a layer is for another processor', () => {
    const x64Only = { ...FUNCTION, layers: [{ arn: 'layer:1', architectures: ['x86_64'] }] };
    expect(judgeFunctions([FUNCTION, x64Only])).toMatchObject({
      kind: 'fail',
      text: 'encode runs on arm64, its layer layer:1 is for x86_64',
    });
  });

  it('are not, where one failed or may not run; no more than five are named', () => {
    const broken = Array.from({ length: 7 }, () => ({ ...FUNCTION, reserved: 0 }));
    const { kind, text } = judgeFunctions(broken);
    expect([kind, text.split('may not run').length - 1]).toEqual(['fail', 5]);
    expect(text).toContain('and 2 more');
    expect(judgeFunctions([{ ...FUNCTION, lastUpdate: 'Failed' }]).kind).toBe('fail');
    expect(judgeFunctions([{ ...FUNCTION, lastUpdate: 'InProgress' }]).kind).toBe('warn');
  });
});

describe('the source bucket', () => {
  it('should keep versions', () => {
    expect(judgeVersioning('b', 'Enabled').kind).toBe('ok');
    for (const status of ['Suspended', undefined]) {
      expect(judgeVersioning('b', status)).toMatchObject({
        kind: 'warn',
        advice: expect.stringContaining('put-bucket-versioning --bucket b'),
      });
    }
  });

  it('of ours notifies the queue of the stack, and no other one', () => {
    const own = { bucket: 'b', queueNames: ['Team-Events-1'], enableCommand: undefined };
    const to = (name: string) => ({
      QueueConfigurations: [{ QueueArn: `arn:aws:sqs:eu-west-1:1:${name}`, Events: [] }],
    });
    expect(judgeEvents({ ...own, notification: to('Team-Events-1') }).kind).toBe('ok');
    expect(judgeEvents({ ...own, notification: to('Other') }).kind).toBe('fail');
    expect(judgeEvents({ ...own, notification: {} }).kind).toBe('fail');
  });

  it('of the team sends its events to EventBridge; the command for it is named', () => {
    const existing = { bucket: 'b', queueNames: ['q'], enableCommand: 'aws s3api ...' };
    const on = { EventBridgeConfiguration: {} };
    expect(judgeEvents({ ...existing, notification: on }).kind).toBe('ok');
    expect(judgeEvents({ ...existing, notification: {} })).toMatchObject({
      kind: 'warn',
      advice: expect.stringContaining('aws s3api ...'),
    });
  });

  it('is heard only while the mapping is enabled', () => {
    const mapping = { uuid: 'u', state: 'Enabled', lastResult: '' };
    expect(judgeMapping(mapping).kind).toBe('ok');
    expect(judgeMapping({ ...mapping, state: 'Enabling' }).kind).toBe('warn');
    expect(judgeMapping({ ...mapping, state: 'Disabled' })).toMatchObject({
      kind: 'fail',
      advice: expect.stringContaining('--uuid u --enabled'),
    });
    expect(judgeMapping(null).kind).toBe('fail');
  });
});
