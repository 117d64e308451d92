import { afterEach, describe, expect, it, vi } from 'vitest';
import { METRICS, type MetricName } from '../../contracts/metrics.ts';
import { createEmfMetrics } from './emf-metrics.ts';

const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
afterEach(() => void stdout.mockClear());

const isMetric = (name: string): name is MetricName => name in METRICS;
const written = (): unknown[] =>
  stdout.mock.calls.map(([text]): unknown => JSON.parse(String(text)));

describe('metrics of an invocation', () => {
  it('are one line of the embedded metric format, with the stack as the only dimension', () => {
    const metrics = createEmfMetrics('Team');
    metrics.count('BytesIn', 42);
    metrics.count('CheckpointsStarted', 1);
    metrics.count('CheckpointsStarted', 1);
    metrics.count('DollarsSpent', 0.25);
    expect(written()).toEqual([]);
    metrics.publish();
    expect(written()).toEqual([
      {
        _aws: {
          Timestamp: expect.any(Number),
          CloudWatchMetrics: [
            {
              Namespace: 'Mithril',
              Dimensions: [['service']],
              Metrics: [
                { Name: 'BytesIn', Unit: 'Bytes' },
                { Name: 'CheckpointsStarted', Unit: 'Count' },
                { Name: 'DollarsSpent', Unit: 'None' },
              ],
            },
          ],
        },
        service: 'Team',
        BytesIn: 42,
        CheckpointsStarted: [1, 1],
        DollarsSpent: 0.25,
      },
    ]);
  });

  it('are gone once they are published, and nothing is written where nothing was counted', () => {
    const metrics = createEmfMetrics('Team');
    metrics.publish();
    metrics.count('Documents', 7);
    metrics.publish();
    metrics.publish();
    expect(written()).toHaveLength(1);
  });

  it('take every name with its unit', () => {
    const metrics = createEmfMetrics('Team');
    for (const name of Object.keys(METRICS).filter(isMetric)) metrics.count(name, 1);
    metrics.publish();
    const units = Object.entries(METRICS).map(([Name, { unit }]) => ({ Name, Unit: unit }));
    expect(JSON.stringify(written())).toContain(JSON.stringify(units));
  });
});
