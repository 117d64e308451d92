// The program of the dashboard, for the browser: draws what the page's data says.
/* global document, window, uPlot, ResizeObserver, matchMedia, getComputedStyle */
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const root = document.documentElement;
  const spoken = document.getElementById('spoken');
  const HEIGHT = 230;
  const DAY_SECONDS = 86_400;
  const LABEL_HEIGHT = 14;
  const COLORS = 6;
  const LOG_FROM = 15;
  /** Between two marks of the time axis. */
  const DAYS = [1, 2, 7, 14, 30, 91, 182, 365];
  const dark = matchMedia('(prefers-color-scheme: dark)');

  /** An element with attributes and children (text or elements). */
  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children.filter((child) => child !== null));
    return element;
  };
  const color = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  const number = (value, unit) => {
    if (unit === 'share') return `${Number((value * 100).toPrecision(4))}%`;
    const text =
      Math.abs(value) >= 10_000
        ? Math.round(value).toLocaleString('en')
        : Number(value.toPrecision(4));
    return unit === 'number' ? `${text}` : unit === 'x' ? `${text}x` : `${text} ${unit}`;
  };
  const when = ({ date, commit, isBusy }) =>
    `${date.slice(0, 16).replace('T', ' ')}${commit ? `, ${commit}` : ''}${isBusy ? ', busy machine' : ''}`;

  // --- charts -------------------------------------------------------------------------------

  const secondsOf = ({ date }) => Date.parse(date) / 1000;
  const valuesAt = (chart, index) =>
    chart.series.flatMap(({ name, values }, at) =>
      values[index] === null ? [] : [{ at, text: `${name}: ${number(values[index], chart.unit)}` }],
    );

  function drawLines(chart, plot) {
    const { ctx, bbox } = plot;
    const scale = window.devicePixelRatio;
    ctx.save();
    ctx.font = `${12 * scale}px system-ui, sans-serif`;
    ctx.textAlign = 'left';
    ctx.textBaseline = 'bottom';
    ctx.setLineDash([6 * scale, 4 * scale]);
    for (const { role, name, value } of chart.lines.toReversed()) {
      const y = plot.valToPos(value, 'y', true);
      ctx.strokeStyle = color(role);
      ctx.fillStyle = color(role);
      ctx.lineWidth = (role === 'peer' ? 1 : 2) * scale;
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      if (role === 'target') ctx.fillText(name, bbox.left + 4 * scale, y - 4 * scale);
    }
    ctx.restore();
  }

  const numbersOf = (chart) => [
    ...chart.series.flatMap(({ values }) => values.filter((value) => value !== null)),
    ...chart.lines.map(({ value }) => value),
  ];

  /** Ratios that lie far apart are read on a logarithmic scale; all else starts at zero. */
  function verticalScale(chart) {
    const numbers = numbersOf(chart);
    const [least, top] = [Math.min(...numbers), Math.max(...numbers)];
    if (chart.kind === 'ratio' && least > 0 && top / least > LOG_FROM) {
      return {
        distr: 3,
        range: () => [10 ** Math.floor(Math.log10(least)), 10 ** Math.ceil(Math.log10(top))],
      };
    }
    return { range: () => [Math.min(0, least) * 1.1, top * 1.12] };
  }

  function optionsOf(chart, width, onMove) {
    const times = chart.points.map(secondsOf);
    const margin = Math.max(DAY_SECONDS / 2, (times.at(-1) - times[0]) * 0.06);
    const axis = {
      stroke: color('quiet'),
      grid: { stroke: color('grid') },
      ticks: { stroke: color('grid') },
    };
    const days = (_, ticks) =>
      ticks.map((tick) => new Date(tick * 1000).toISOString().slice(0, 10));
    const values = (_, ticks) =>
      ticks.map((tick) => (tick === null ? null : number(tick, chart.unit)));
    return {
      width,
      height: HEIGHT,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 9 } },
      scales: {
        x: { range: () => [times[0] - margin, times.at(-1) + margin] },
        y: verticalScale(chart),
      },
      axes: [
        { ...axis, space: 90, incrs: DAYS.map((count) => count * DAY_SECONDS), values: days },
        { ...axis, size: 72, values },
      ],
      series: [
        {},
        ...chart.series.map(({ name }, at) => ({
          label: name,
          stroke: color(`s${at % COLORS}`),
          width: 2,
          spanGaps: true,
          points: { show: true, size: 7, fill: color(`s${at % COLORS}`) },
        })),
      ],
      hooks: { drawAxes: [(plot) => drawLines(chart, plot)], setCursor: [onMove] },
    };
  }

  function showTip(chart, plot, tip) {
    const index = plot.cursor.idx;
    const isShown = index !== null && index !== undefined && plot.cursor.left >= 0;
    tip.style.display = isShown ? 'block' : 'none';
    if (!isShown) return;
    const lines = valuesAt(chart, index).map(({ text }) => make('div', {}, text));
    const { machine } = chart.points[index];
    tip.replaceChildren(
      make('strong', {}, when(chart.points[index])),
      ...lines,
      make('div', { class: 'quiet' }, machine),
    );
    const left = plot.valToPos(plot.data[0][index], 'x') + plot.bbox.left / window.devicePixelRatio;
    const free = plot.width - tip.offsetWidth;
    tip.style.left = `${Math.max(0, Math.min(free, left + 12))}px`;
    tip.style.top = `${LABEL_HEIGHT}px`;
  }

  /** Arrow keys, Home and End move along the runs; Escape leaves them. */
  function onKey(chart, event, state) {
    const last = chart.points.length - 1;
    const now = state.index ?? (event.key === 'ArrowLeft' ? last + 1 : -1);
    const next = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last }[event.key];
    if (event.key === 'Escape') {
      state.index = null;
      state.plot.setCursor({ left: -10, top: -10 });
    }
    if (next === undefined) return;
    event.preventDefault();
    state.index = Math.max(0, Math.min(last, next));
    const left = state.plot.valToPos(state.plot.data[0][state.index], 'x');
    state.plot.setCursor({ left, top: HEIGHT / 2 });
    const values = valuesAt(chart, state.index).map(({ text }) => text);
    spoken.textContent = [when(chart.points[state.index]), ...values].join('; ');
  }

  const keysOf = (chart) =>
    make(
      'ul',
      { class: 'keys' },
      ...chart.series.map(({ name }, at) =>
        make('li', {}, make('i', { style: `border-color: var(--s${at % COLORS})` }), name),
      ),
      ...chart.lines.map(({ role, name, value }) =>
        make(
          'li',
          {},
          make('i', { class: 'dashed', style: `border-color: var(--${role})` }),
          `${name}: ${number(value, chart.unit)}`,
        ),
      ),
    );

  function tableOf(head, rows) {
    const cells = (kind, row) =>
      row.map((cell) => make(kind, kind === 'th' ? { scope: 'col' } : {}, cell));
    return make(
      'div',
      { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Table' },
      make(
        'table',
        {},
        make('thead', {}, make('tr', {}, ...cells('th', head))),
        make('tbody', {}, ...rows.map((row) => make('tr', {}, ...cells('td', row)))),
      ),
    );
  }

  const valuesTable = (chart) =>
    make(
      'details',
      {},
      make('summary', {}, 'Values'),
      tableOf(
        ['run', ...chart.series.map(({ name }) => name)],
        chart.points.map((point, index) => [
          when(point),
          ...chart.series.map(({ values }) =>
            values[index] === null ? '-' : number(values[index], chart.unit),
          ),
        ]),
      ),
    );

  const redraws = [];

  function chartCard(chart) {
    const label = `${chart.title}, ${chart.points.length} runs; arrow keys read the values`;
    const tip = make('div', { class: 'tip' });
    const holder = make('div', {
      class: 'plot',
      tabindex: '0',
      role: 'application',
      'aria-label': label,
    });
    const state = { plot: null, index: null };
    const times = chart.points.map(secondsOf);
    const draw = () => {
      const width = holder.clientWidth;
      if (width === 0) return;
      state.plot?.destroy();
      const options = optionsOf(chart, width, (plot) => showTip(chart, plot, tip));
      state.plot = new uPlot(options, [times, ...chart.series.map(({ values }) => values)], holder);
      holder.append(tip);
    };
    holder.addEventListener('keydown', (event) => onKey(chart, event, state));
    let width = 0;
    new ResizeObserver(() => {
      if (holder.clientWidth === width) return;
      width = holder.clientWidth;
      draw();
    }).observe(holder);
    redraws.push(draw);
    const better = make('p', { class: 'quiet' }, `${chart.kind}; ${chart.better} is better`);
    const card = make(
      'article',
      { class: 'card', id: chart.id },
      make('h3', {}, chart.title),
      better,
    );
    card.append(holder, keysOf(chart), valuesTable(chart));
    return card;
  }

  // --- page ---------------------------------------------------------------------------------

  const verdictCell = ({ verdict }) => make('strong', { class: verdict }, verdict);

  function verdictTable(verdicts, title, isOpen) {
    const head = [
      'metric',
      "client's target",
      'our goal',
      'last value',
      'trend',
      'verdict',
      'why, or what fills it',
    ];
    const rows = verdicts.map((row) => [
      row.title,
      row.target,
      row.goal,
      row.value,
      row.trend,
      verdictCell(row),
      row.verdict === 'open' ? make('code', {}, row.why) : row.why,
    ]);
    return make(
      'details',
      isOpen ? { open: '' } : {},
      make('summary', {}, title),
      tableOf(head, rows),
    );
  }

  function productSection({ name, title, charts, verdicts }) {
    const count = (kind) => verdicts.filter(({ verdict }) => verdict === kind).length;
    const counts = `${count('met')} met, ${count('missed')} missed, ${count('open')} open`;
    const section = make(
      'section',
      { id: name },
      make('h2', {}, title),
      make('p', { class: 'quiet' }, counts),
    );
    section.append(make('div', { class: 'charts' }, ...charts.map(chartCard)));
    if (charts.length === 0) section.append(make('p', {}, 'No run is recorded yet.'));
    const of = (rank) => verdicts.filter((row) => row.rank === rank);
    section.append(verdictTable(of('primary'), 'Primary metrics', false));
    section.append(verdictTable(of('secondary'), 'Secondary metrics', false));
    return section;
  }

  function publishedSection() {
    const rows = data.published.map(({ what, figure, source }) => [what, figure, source]);
    return make(
      'section',
      { id: 'published' },
      make('h2', {}, 'Published by others'),
      make('p', { class: 'quiet' }, 'On their machines and data; not measured here.'),
      tableOf(['what', 'figure', 'source'], rows),
    );
  }

  const themeButton = document.getElementById('theme');
  function setTheme(theme) {
    root.dataset.theme = theme;
    root.style.colorScheme = theme;
    themeButton.textContent = theme === 'dark' ? 'Light' : 'Dark';
    themeButton.setAttribute(
      'aria-label',
      `Change to ${theme === 'dark' ? 'light' : 'dark'} colours`,
    );
    for (const draw of redraws) draw();
  }

  const sections = [...data.products, { name: 'published', title: 'Published by others' }];
  const links = sections.map(({ name, title }) => make('a', { href: `#${name}` }, title));
  document.querySelector('nav').append(...links);
  document.getElementById('main').append(...data.products.map(productSection), publishedSection());
  setTheme(dark.matches ? 'dark' : 'light');
  dark.addEventListener('change', () => setTheme(dark.matches ? 'dark' : 'light'));
  themeButton.addEventListener('click', () =>
    setTheme(root.dataset.theme === 'dark' ? 'light' : 'dark'),
  );
})();
