import type { CheckpointContext } from '../../shared/app/checkpoint/context.ts';
import type { Workflow } from '../../shared/ports/workflow.ts';
import type { Settings } from '../settings/settings.ts';

/** The use cases, wired to adapters. */
export interface Host {
  readonly settings: Settings;
  readonly context: CheckpointContext;
  /** The restore state machine; null where the settings name none. */
  readonly restoreWorkflow: Workflow | null;
  /** Waits for work in this process, then closes files and connections. */
  close(): Promise<void>;
}
