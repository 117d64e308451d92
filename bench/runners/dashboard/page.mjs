// One HTML file that needs nothing else: library, styles, program and data stand in it.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const HERE = import.meta.dirname;
const library = path.dirname(createRequire(import.meta.url).resolve('uplot/package.json'));
const read = (...parts) => fs.readFileSync(path.join(...parts), 'utf8');

/** Nothing is loaded from anywhere, and the browser holds the page to it. */
const POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:";

export function dashboardPage(data) {
  const styles = [read(library, 'dist', 'uPlot.min.css'), read(HERE, 'page.css')].join('\n');
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="color-scheme" content="light dark">
<title>Mithril: metrics</title>
<link rel="icon" href="data:,">
<style>
${styles}
</style>
</head>
<body>
<a class="skip" href="#main">Skip to the charts</a>
<header>
<h1>Mithril: metrics</h1>
<nav aria-label="Products"></nav>
<button type="button" id="theme"></button>
</header>
<p class="lead">From the records in <code>bench/records</code>. A point is one run; move along a chart with the
pointer, or focus it and use the arrow keys. Dashed lines: the client's target, our goal, peers measured in the
same run.</p>
<main id="main"></main>
<p id="spoken" class="unseen" aria-live="polite"></p>
<script type="application/json" id="data">${json}</script>
<script>
${read(library, 'dist', 'uPlot.iife.min.js')}
</script>
<script>
${read(HERE, 'client.mjs')}
</script>
</body>
</html>
`;
}
