import { systemClock } from '../shared/adapters/clock/system-clock.ts';
import { createEmfMetrics } from '../shared/adapters/log/emf-metrics.ts';
import { createJsonLog } from '../shared/adapters/log/json-log.ts';
import { serviceEnvironmentSchema } from '../shared/contracts/metrics.ts';

const { MITHRIL_SERVICE: service } = serviceEnvironmentSchema.parse(process.env);
const metrics = createEmfMetrics(service);

/** The log of every function. */
export const log = createJsonLog({
  service,
  nowMs: () => systemClock.nowMs(),
  writeLine: (line) => void process.stdout.write(`${line}\n`),
  count: metrics.count,
});

/** Called when an invocation ends, whatever became of it. */
export const publishMetrics = metrics.publish;
