import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';

export interface AlarmProps {
  readonly metric: IMetric;
  /** What is the matter, in a sentence. */
  readonly matter: string;
  /** Section of docs/runbook.md, as its heading's anchor. */
  readonly section: string;
  /** The least value that raises it; 1 if not said. */
  readonly threshold?: number;
}

/** An alarm goes off at the first period that reaches the threshold; no data is no alarm. */
export function addAlarm(scope: Construct, id: string, props: AlarmProps): Alarm {
  return new Alarm(scope, id, {
    alarmDescription: `${props.matter} What to do: docs/runbook.md#${props.section}`,
    metric: props.metric,
    threshold: props.threshold ?? 1,
    evaluationPeriods: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
}
