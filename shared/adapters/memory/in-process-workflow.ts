import type { RunStatus, StartResult, Workflow } from '../../ports/workflow.ts';

/** Runs one state machine to its end; throwing means that the run failed. */
export type RunMachine = (name: string, input: unknown) => Promise<void>;

/** Executions in this process. Names are taken for as long as it lives. */
export class InProcessWorkflow implements Workflow {
  readonly #run: RunMachine;
  readonly #statuses = new Map<string, RunStatus>();
  readonly #running = new Set<Promise<void>>();

  constructor(run: RunMachine) {
    this.#run = run;
  }

  async start(name: string, input: unknown): Promise<StartResult> {
    if (this.#statuses.has(name)) {
      return { kind: 'exists' };
    }
    this.#statuses.set(name, { kind: 'running' });
    const execution = this.#execute(name, input);
    this.#running.add(execution);
    void execution.finally(() => this.#running.delete(execution));
    return { kind: 'started' };
  }

  async status(name: string): Promise<RunStatus> {
    return this.#statuses.get(name) ?? { kind: 'absent' };
  }

  /** Resolves when nothing runs any more, also what was started meanwhile. */
  async settle(): Promise<void> {
    while (this.#running.size > 0) {
      await Promise.all(this.#running);
    }
  }

  async #execute(name: string, input: unknown): Promise<void> {
    // The caller of start has its answer before the first state begins, as in the cloud.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      await this.#run(name, input);
      this.#statuses.set(name, { kind: 'succeeded' });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#statuses.set(name, { kind: 'failed', reason });
    }
  }
}
