import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { METRICS } from '../../shared/contracts/metrics.ts';
import { asText, ROOT, resourcesOf, synthesize } from './synthesize.ts';

const { template } = synthesize({ retire: {}, cache: {}, spendAlarmUsdPerDay: 20 });
const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm').map(({ Properties }) => Properties);
const bodySchema = z.object({
  widgets: z.array(
    z.object({
      type: z.string(),
      properties: z.looseObject({ alarms: z.array(z.string()).optional() }),
    }),
  ),
});

const readDocument = (name: string): string => readFileSync(join(ROOT, 'docs', name), 'utf8');

const anchorsOf = (document: string): readonly string[] =>
  [...document.matchAll(/^## (.+)$/gmu)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(' ', '-')
      .replaceAll(/[^a-z-]/gu, ''),
  );

const sectionOf = (alarm: Readonly<Record<string, unknown>>): string =>
  /docs\/runbook\.md#([a-z-]+)$/u.exec(String(alarm['AlarmDescription']))?.[1] ?? '';

describe('every alarm', () => {
  it('names a section that the runbook has', () => {
    const anchors = anchorsOf(readDocument('runbook.md'));
    expect(alarms).toHaveLength(19);
    for (const alarm of alarms) expect(anchors).toContain(sectionOf(alarm));
  });

  it('is in the table of operations.md', () => {
    const operations = readDocument('operations.md');
    for (const alarm of alarms) expect(operations).toContain(`(runbook.md#${sectionOf(alarm)})`);
  });

  it('is shown on the dashboard, and does not take silence for trouble', () => {
    const [widget] = widgetsOf('alarm');
    expect(widget?.properties.alarms).toHaveLength(alarms.length);
    for (const alarm of alarms) expect(alarm['TreatMissingData']).toBe('notBreaching');
  });

  it('would not pass with a section that is not there', () => {
    expect(anchorsOf('## Dead letters\n')).toEqual(['dead-letters']);
    expect(sectionOf({ AlarmDescription: 'no section' })).toBe('');
  });
});

describe('every metric', () => {
  it('is on the dashboard, with the stack as its dimension', () => {
    const shown = JSON.stringify(widgetsOf('metric'));
    for (const name of Object.keys(METRICS)) {
      expect(shown).toContain(`["Mithril","${name}","service","Mithril"`);
    }
  });

  it('is explained in operations.md by the words of the contract', () => {
    const operations = readDocument('operations.md');
    for (const [name, { unit, meaning }] of Object.entries(METRICS)) {
      expect(operations).toContain(`| \`${name}\` | ${unit} | ${meaning} |`);
    }
  });
});

describe('the dashboard', () => {
  it('has a name of its own in each Region, for dashboards are global to an account', () => {
    const [dashboard] = resourcesOf(template, 'AWS::CloudWatch::Dashboard');
    expect(asText(dashboard?.Properties['DashboardName'])).toBe('Mithril-<AWS::Region>');
  });

  it('shows what AWS counts by itself: answers, throttles, dead letters, executions', () => {
    const shown = JSON.stringify(widgetsOf('metric'));
    const names = [
      'Url4xxCount',
      'Url5xxCount',
      'Throttles',
      'ExecutionsFailed',
      'BucketSizeBytes',
    ];
    for (const name of names) expect(shown).toContain(`"${name}"`);
    expect(shown).toContain(
      '"ApproximateNumberOfMessagesVisible","QueueName","<IngestDeadLetters.QueueName>"',
    );
  });

  it('leaves out the cache where there is none', () => {
    const plain = synthesize().template;
    const text = asText(
      resourcesOf(plain, 'AWS::CloudWatch::Dashboard')[0]?.Properties['DashboardBody'],
    );
    expect(text).not.toContain('CacheHits');
    expect(resourcesOf(plain, 'AWS::CloudWatch::Alarm')).toHaveLength(11);
  });
});

function widgetsOf(type: string) {
  const [dashboard] = resourcesOf(template, 'AWS::CloudWatch::Dashboard');
  const body: unknown = JSON.parse(asText(dashboard?.Properties['DashboardBody']));
  return bodySchema.parse(body).widgets.filter((widget) => widget.type === type);
}
