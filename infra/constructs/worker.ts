import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Policy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  type ILayerVersion,
  Function as LambdaFunction,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { addAlarm } from './alarm.ts';
import { addPermission, type Grantee, type Permission } from './permission.ts';

/** Layers by what they bring; a worker has those that its code loads, and no others. */
export type LayerName = 'native' | 'dedup' | 'zstd';

/** What all workers of a stack share. */
export interface WorkerPlatform {
  /** Holds `<function>/index.mjs` for each function, and what they share. */
  readonly functionsFolder: string;
  readonly layers: Readonly<Record<LayerName, ILayerVersion>>;
  readonly logRetention: RetentionDays;
  /** The kill switch, "on" or "off". */
  readonly enabled: string;
}

export interface WorkerProps {
  readonly platform: WorkerPlatform;
  /** Folder under `functions/`. */
  readonly name: string;
  readonly description: string;
  readonly memoryMib: number;
  readonly timeout: Duration;
  readonly layers?: readonly LayerName[];
  readonly reservedConcurrency?: number | undefined;
}

/**
 * One function with its own role and its own log group, which go with the stack. It can do
 * nothing but write its log until a construct grants it something.
 */
export class Worker extends Construct implements Grantee {
  readonly function: LambdaFunction;
  readonly role: Role;
  /** For the dashboard. */
  readonly title: string;
  readonly timeout: Duration;
  readonly policy: Policy;

  constructor(scope: Construct, id: string, props: WorkerProps) {
    super(scope, id);
    this.timeout = props.timeout;
    this.title = props.name;
    const logGroup = new LogGroup(this, 'Log', {
      retention: props.platform.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Mithril ${props.name}: ${props.description}`,
    });
    this.policy = new Policy(this, 'Policy', { roles: [this.role] });
    this.allow({
      sid: 'WriteOwnLog',
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logGroup.logGroupArn],
    });
    this.function = new LambdaFunction(this, 'Function', {
      description: `Mithril ${props.name}: ${props.description}`,
      code: Code.fromAsset(props.platform.functionsFolder),
      handler: `${props.name}/index.handler`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMib,
      timeout: props.timeout,
      role: this.role,
      logGroup,
      layers: (props.layers ?? []).map((name) => props.platform.layers[name]),
      ...(props.reservedConcurrency === undefined
        ? {}
        : { reservedConcurrentExecutions: props.reservedConcurrency }),
    });
    this.setVariable('MITHRIL_SERVICE', Stack.of(this).stackName);
    this.function.node.addDependency(this.policy);
  }

  /** As a state of a state machine calls it. */
  get target(): { readonly functionArn: string; readonly timeoutSeconds: number } {
    return {
      functionArn: this.function.functionArn,
      timeoutSeconds: this.timeout.toSeconds(),
    };
  }

  allow(permission: Permission): void {
    addPermission(this.policy, permission);
  }

  setVariable(name: string, value: string): void {
    this.function.addEnvironment(name, value);
  }

  /** For functions that no state machine watches. */
  addErrorAlarm(section: string): Alarm {
    return addAlarm(this, 'Errors', {
      metric: this.function.metricErrors({ period: Duration.hours(1) }),
      matter: 'The function failed in the last hour.',
      section,
    });
  }
}
