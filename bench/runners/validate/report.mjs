// The report that an outsider can share: what was measured on which machine, and no text or weight.

import { percentInterval } from '../dedup/score.mjs';
import { show } from '../metrics/format.mjs';

/** `data` is { machine, commit, date, weights, texts }; names of files only if `hasNames`. */
export function validationReport(data, { hasNames }) {
  const named = (files) =>
    files.map((file, at) => ({ ...file, name: hasNames ? file.name : `file ${at + 1}` }));
  const { machine } = data;
  return [
    '# Mithril on my data',
    '',
    `${data.date.slice(0, 10)}, commit ${data.commit.slice(0, 9)}, ${machine.cores} cores of ${machine.cpu}, ` +
      `${machine.arch}, ${machine.memoryGiB} GiB, ${machine.system}. Load ${data.loadBefore[0].toFixed(1)} before.`,
    'Written by `npm run validate`; every file was restored and compared bit by bit before a figure was taken.',
    '',
    ...weightsPart(named(data.weights.files), data.weights.leftOut),
    ...textsPart(named(data.texts.files), data.texts.leftOut),
  ].join('\n');
}

const table = (head, rows) => [
  `| ${head.join(' | ')} |`,
  `|${head.map(() => '---').join('|')}|`,
  ...rows.map((row) => `| ${row.join(' | ')} |`),
  '',
];

function weightsPart(files, leftOut) {
  if (files.length === 0) return ['No checkpoint was found.', ''];
  const rows = files.map(({ name, bytes, dtypes, alone, delta, codec }) => [
    name,
    show(bytes, 'bytes'),
    Object.keys(dtypes).join(' ') || '-',
    show(alone.ratio, 'x'),
    delta ? show(delta.ratio, 'x') : '-',
    codec ? show(codec.compress.gibPerSecond, 'GiB/s') : '-',
    codec ? show(codec.decompress.gibPerSecond, 'GiB/s') : '-',
  ]);
  const head = [
    'checkpoint',
    'size',
    'types',
    'alone',
    'against the one before',
    'compress',
    'decompress',
  ];
  return [
    '## Checkpoints',
    '',
    ...table(head, rows),
    'Speeds: codec, one thread. Client targets: alone 1.3-1.5x, delta 10-20x, 2.5 and 3.5 GiB/s on 16 cores.',
    ...(leftOut > 0 ? [`${leftOut} more files were left out.`] : []),
    '',
  ];
}

function textsPart(files, leftOut) {
  if (files.length === 0) return ['No text set was found.', ''];
  const rows = files.map(({ name, rows: count, bytes, removed, cpuSeconds, peakBytes, slice }) => [
    name,
    show(count, 'count'),
    show(bytes, 'bytes'),
    `${show(removed, 'count')} (${show(removed / count, 'share')})`,
    show(count / cpuSeconds, 'docs/s'),
    show(peakBytes, 'bytes'),
    percentInterval(slice.precision),
    percentInterval(slice.recall),
  ]);
  const head = [
    'set',
    'rows',
    'size',
    'removed',
    'rows a CPU second',
    'peak memory',
    'precision',
    'recall',
  ];
  return [
    '## Deduplication',
    '',
    ...table(head, rows),
    'The whole command, one thread, its start included. Precision and recall: of the first 10,000 rows, against',
    'all exact pairs, with 95% intervals. Client targets: 100,000 docs/s, precision 95%, recall 90%.',
    ...(leftOut > 0 ? [`${leftOut} more files were left out.`] : []),
    '',
  ];
}
