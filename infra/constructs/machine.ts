import { Duration, Stack, Validations } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Policy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { DefinitionBody, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { addAlarm } from './alarm.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { addPermission } from './permission.ts';
import type { States } from './state-language.ts';
import type { Worker } from './worker.ts';

/** The work objects of an execution live 14 days. */
const EXECUTION_TIMEOUT = Duration.days(2);

export interface MachineProps {
  readonly description: string;
  readonly startAt: string;
  readonly states: States;
  readonly workers: readonly Worker[];
  readonly store: CheckpointStore;
  readonly runbookSection: string;
}

/** A state machine from plain States Language, with a role that can do exactly what it names. */
export class Machine extends Construct {
  readonly stateMachine: StateMachine;
  readonly alarms: readonly Alarm[];
  readonly workers: readonly Worker[];
  /** For the dashboard. */
  readonly title: string;

  constructor(scope: Construct, id: string, props: MachineProps) {
    super(scope, id);
    this.title = `${id} executions`;
    this.workers = props.workers;
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('states.amazonaws.com'),
      description: props.description,
    });
    this.stateMachine = new StateMachine(this, 'Machine', {
      role: role.withoutPolicyUpdates(),
      definitionBody: DefinitionBody.fromString(
        Stack.of(this).toJsonString({
          Comment: props.description,
          TimeoutSeconds: EXECUTION_TIMEOUT.toSeconds(),
          StartAt: props.startAt,
          States: props.states,
        }),
      ),
    });
    this.#allow(role, props);
    acknowledgeLogs(this.stateMachine);
    const period = Duration.minutes(5);
    const { stateMachine } = this;
    const matter = 'An execution ended before its work was done.';
    const section = props.runbookSection;
    this.alarms = [
      addAlarm(this, 'Failed', { metric: stateMachine.metricFailed({ period }), matter, section }),
      addAlarm(this, 'TimedOut', {
        metric: stateMachine.metricTimedOut({ period }),
        matter,
        section,
      }),
    ];
  }

  /** ARN of any of its executions. */
  executionsArn(separator: ':' | '/'): string {
    const { partition, region, account } = Stack.of(this);
    const name = this.stateMachine.stateMachineName;
    return `arn:${partition}:states:${region}:${account}:execution:${name}${separator}*`;
  }

  grantStart(worker: Worker): void {
    worker.setVariable('MITHRIL_STATE_MACHINE_ARN', this.stateMachine.stateMachineArn);
    worker.allow({
      sid: 'StartExecutions',
      actions: ['states:StartExecution'],
      resources: [this.stateMachine.stateMachineArn],
    });
    worker.allow({
      sid: 'SeeExecutions',
      actions: ['states:DescribeExecution'],
      resources: [this.executionsArn(':')],
      wildcardReason: 'Executions of this state machine; each is named by checkpoint and attempt.',
    });
  }

  #allow(role: Role, props: MachineProps): void {
    const policy = new Policy(this, 'Policy', { roles: [role] });
    addPermission(policy, {
      sid: 'CallWorkers',
      actions: ['lambda:InvokeFunction'],
      resources: props.workers.map((worker) => worker.function.functionArn),
    });
    props.store.grantReadWork({ allow: (permission) => addPermission(policy, permission) });
    addPermission(policy, {
      sid: 'StartChildren',
      actions: ['states:StartExecution'],
      resources: [this.stateMachine.stateMachineArn],
    });
    addPermission(policy, {
      sid: 'WatchChildren',
      actions: ['states:DescribeExecution', 'states:StopExecution'],
      resources: [this.executionsArn(':'), this.executionsArn('/')],
      wildcardReason: 'Children of a Map run are executions of this state machine.',
    });
  }
}

function acknowledgeLogs(machine: StateMachine): void {
  const reason =
    'needs rights on Resource *, which no role of ours has. Step Functions keeps ' +
    'the history of every execution for 90 days, and each function writes a line to its log.';
  Validations.of(machine).acknowledge(
    { id: 'AwsSolutions-SF1', reason: `Delivery to CloudWatch Logs ${reason}` },
    { id: 'AwsSolutions-SF2', reason: `X-Ray ${reason}` },
  );
}
