import { CfnCondition, CfnParameter, Fn, Stack, type StackProps, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { MithrilConfig } from '../config-schema.ts';
import { CheckpointOutputs } from '../constructs/checkpoint-outputs.ts';
import { MithrilCheckpoints } from '../constructs/mithril-checkpoints.ts';
import type { LayerFolders } from '../layer-folders.ts';

export interface CheckpointsStackProps extends StackProps {
  readonly config: MithrilConfig;
  readonly functionsFolder: string;
  readonly layerFolders: LayerFolders;
}

/**
 * The deployable stack. It names no account and no region, so the same template goes to a team's
 * account and to the local stack.
 */
export class CheckpointsStack extends Stack {
  readonly checkpoints: MithrilCheckpoints;
  readonly outputs: CheckpointOutputs;

  constructor(scope: Construct, id: string, props: CheckpointsStackProps) {
    super(scope, id, props);
    const enabled = new CfnParameter(this, 'Enabled', {
      description: 'Kill switch: "off" and neither events nor schedules start any work',
      allowedValues: ['on', 'off'],
      default: 'on',
    });
    const workers = this.#overridableWorkers();
    this.checkpoints = new MithrilCheckpoints(this, 'Checkpoints', {
      config: props.config,
      functionsFolder: props.functionsFolder,
      layerFolders: props.layerFolders,
      enabled: enabled.valueAsString,
      workers: workers(props.config.concurrency.workers),
      dedupWorkers: workers(props.config.dedup.workers),
    });
    this.outputs = new CheckpointOutputs(this, 'Outputs', this.checkpoints, props.config);
  }

  /**
   * The configured number, unless the parameter says another one: the local stack has few cores.
   * The number is not the parameter's default, because a deployment keeps the parameters of the
   * one before and a change of the configuration would not arrive.
   */
  #overridableWorkers(): (configured: number) => number {
    const workers = new CfnParameter(this, 'Workers', {
      description: 'Workers of one kind that run at once (the spend cap); 0: as configured',
      type: 'Number',
      minValue: 0,
      maxValue: 1_000,
      default: 0,
    });
    const isConfigured = new CfnCondition(this, 'WorkersAsConfigured', {
      expression: Fn.conditionEquals(Fn.ref(workers.logicalId), '0'),
    });
    return (configured) =>
      Token.asNumber(Fn.conditionIf(isConfigured.logicalId, configured, workers.valueAsNumber));
  }
}
