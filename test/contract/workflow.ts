import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunStatus, Workflow } from '../../shared/ports/workflow.ts';

export interface WorkflowHost {
  readonly workflow: Workflow;
  close(): Promise<void>;
}

const POLL_MS = 50;

/** Of a machine whose runs succeed, unless their input is `{"fail": true}`. */
export function describeWorkflow(name: string, open: () => Promise<WorkflowHost>): void {
  describe(`workflow: ${name}`, () => {
    let host: WorkflowHost;
    beforeAll(async () => {
      host = await open();
    });
    afterAll(async () => host?.close());

    it('says absent of a name that was never used', async () => {
      expect(await host.workflow.status('never-used-1')).toEqual({ kind: 'absent' });
    });

    it('runs once by name, whatever the number of starts', async () => {
      const input = { key: 'line\u2028separator ü 😀' };
      expect(await host.workflow.start('once-1', input)).toEqual({ kind: 'started' });
      expect((await untilEnded(host.workflow, 'once-1')).kind).toBe('succeeded');
      expect(await host.workflow.start('once-1', { other: true })).toEqual({ kind: 'exists' });
    });

    it('tells a failed run from a successful one', async () => {
      await host.workflow.start('fails-1', { fail: true });
      expect(await untilEnded(host.workflow, 'fails-1')).toMatchObject({ kind: 'failed' });
      expect(await host.workflow.start('fails-2', { fail: false })).toEqual({ kind: 'started' });
    });
  });
}

async function untilEnded(workflow: Workflow, name: string): Promise<RunStatus> {
  for (;;) {
    const status = await workflow.status(name);
    if (status.kind !== 'running' && status.kind !== 'absent') return status;
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}
