// A terminal as an SVG that plays by CSS alone. Without animation it shows the last lines.

const COLUMNS = 108;
const ROWS = 30;
const CELL = 7.83;
const LINE = 18;
const MARGIN = 16;
const HEAD = 34;
/** Waiting is cut to this. */
const GAP_SECONDS_MAX = 0.45;
const GAP_SECONDS_MIN = 0.06;
/** How long the end stays. */
const HOLD_SECONDS = 8;

/** `lines`: { text, second } in their order. Returns the text of the SVG. */
export function drawRecording(lines, { title }) {
  const shown = lines.map(({ text, second }) => ({ text: clip(text), second }));
  const times = shorten(shown.map(({ second }) => second));
  const total = (times.at(-1) ?? 0) + HOLD_SECONDS;
  const percent = (seconds) => `${((100 * seconds) / total).toFixed(2)}%`;
  const width = Math.round(COLUMNS * CELL + 2 * MARGIN);
  const height = HEAD + ROWS * LINE + MARGIN;
  const final = -Math.max(0, shown.length - ROWS) * LINE;
  const appear = times
    .map(
      (time, at) =>
        `@keyframes l${at}{0%,${percent(time)}{opacity:0}${percent(time + 0.01)}{opacity:1}}`,
    )
    .join('');
  const text = shown
    .map(({ text: line }, at) => {
      const y = HEAD + (at + 1) * LINE;
      const style = `animation:l${at} ${total.toFixed(1)}s step-end infinite`;
      return line === ''
        ? ''
        : `<text class="${kindOf(line)}" x="${MARGIN}" y="${y}" style="${style}">${escape(line)}</text>`;
    })
    .filter((line) => line !== '')
    .join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(title)}">
<title>${escape(title)}</title>
<style>
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d4dae3;white-space:pre}
.command{fill:#fff;font-weight:600}.done{fill:#8fb4dc}.product{fill:#7ee2a8;font-weight:600}.head{fill:#f1c97a}.title{fill:#8b95a5;font-size:12px}
${appear}
@keyframes roll{${rollSteps(times, percent)}}
.roll{animation:roll ${total.toFixed(1)}s step-end infinite}
@media (prefers-reduced-motion:reduce){text,.roll{animation:none!important}}
</style>
<rect width="${width}" height="${height}" rx="10" fill="#161b22"/>
<circle cx="20" cy="17" r="5" fill="#f0665c"/><circle cx="38" cy="17" r="5" fill="#f4bd4f"/><circle cx="56" cy="17" r="5" fill="#5ec454"/>
<text class="title" x="${width / 2}" y="21" text-anchor="middle">${escape(title)}</text>
<clipPath id="screen"><rect x="0" y="${HEAD}" width="${width}" height="${ROWS * LINE + 6}"/></clipPath>
<g clip-path="url(#screen)"><g class="roll" transform="translate(0,${final})">
${text}
</g></g>
</svg>
`;
}

/** The text moves up by a line whenever one more than the screen holds has come. */
function rollSteps(times, percent) {
  return times
    .map((time, at) => ({ time, up: Math.max(0, at + 1 - ROWS) * LINE }))
    .filter(({ up }, at) => at === 0 || up > 0)
    .map(({ time, up }) => `${percent(time)}{transform:translate(0,-${up}px)}`)
    .join('');
}

/** Lines that came at once follow each other quickly; nobody waits for long. */
function shorten(seconds) {
  let now = 0;
  return seconds.map((second, at) => {
    const gap = at === 0 ? 0 : second - seconds[at - 1];
    now += at === 0 ? 0 : Math.min(GAP_SECONDS_MAX, Math.max(GAP_SECONDS_MIN, gap));
    return now;
  });
}

function kindOf(line) {
  if (line.startsWith('$ ')) return 'command';
  if (/^mithril-(?:checkpoint|dedup|cache):/u.test(line)) return 'product';
  if (line.startsWith('  ✓')) return 'done';
  return /^(?:Step \d|Dedup:|Compile cache:|Restoring|Local stack|Try next)/u.test(line)
    ? 'head'
    : 'plain';
}

const clip = (line) => (line.length > COLUMNS ? `${line.slice(0, COLUMNS - 1)}…` : line);

const escape = (text) =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
