// Every relative link of the pages leads somewhere, anchors included. Nothing is asked of a network.
import { existsSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchorsOf, linksOf, type Page, parsePage, ROOT, readPages } from './markdown.ts';

const pages = readPages();
const anchors = new Map(pages.map((page) => [page.path, anchorsOf(page)]));

/** What is wrong with a link; null: nothing. */
function objectionTo(page: Page, target: string): string | null {
  if (/^[a-z]+:/u.test(target)) {
    return URL.canParse(target) && target.startsWith('https://') ? null : `not https: ${target}`;
  }
  const [path = '', anchor] = target.split('#', 2);
  const file = path === '' ? page.path : relative(ROOT, join(ROOT, dirname(page.path), path));
  if (file.startsWith('..')) return `leads out of the repository: ${target}`;
  if (path !== '' && !existsSync(join(ROOT, file))) return `there is no ${file}`;
  if (anchor === undefined || !file.endsWith('.md')) return null;
  const known = anchors.get(file) ?? anchorsOf(page);
  return known.has(anchor) ? null : `${file} has no #${anchor}`;
}

const objectionsOf = (page: Page): readonly string[] =>
  linksOf(page)
    .map((target) => objectionTo(page, target))
    .filter((objection) => objection !== null);

describe('the links of a page', () => {
  it.each(pages.map((page) => [page.path, page] as const))('%s', (_, page) => {
    expect(objectionsOf(page)).toEqual([]);
  });

  it('are all of the pages of docs reached from the README', () => {
    const reached = new Set<string>();
    const follow = (path: string): void => {
      const page = pages.find((other) => other.path === path);
      if (page === undefined || reached.has(path)) return;
      reached.add(path);
      for (const target of linksOf(page).filter((link) => !/^[a-z]+:|^#/u.test(link))) {
        const file = relative(ROOT, join(ROOT, dirname(path), target.split('#', 1)[0] ?? ''));
        const isFolder = existsSync(join(ROOT, file)) && statSync(join(ROOT, file)).isDirectory();
        if (!isFolder) follow(file);
        else for (const { path: inside } of pages) if (dirname(inside) === file) follow(inside);
      }
    };
    follow('README.md');
    const docs = pages.map(({ path }) => path).filter((path) => path.startsWith('docs/'));
    expect(docs.filter((path) => !reached.has(path))).toEqual([]);
  });

  it.each([
    ['[a](gone.md)', 'there is no docs/gone.md'],
    ['[a](cli.md#gone)', 'docs/cli.md has no #gone'],
    ['[a](#gone)', 'docs/page.md has no #gone'],
    ['<img src="gone.svg">', 'there is no docs/gone.svg'],
    ['[a](../../elsewhere)', 'leads out of the repository: ../../elsewhere'],
    ['[a](http://example.com)', 'not https: http://example.com'],
  ])('%s is refused', (text, objection) => {
    expect(objectionsOf(parsePage('docs/page.md', `# Title\n\n${text}\n`))).toEqual([objection]);
  });

  it('may name a heading with signs in it, one that comes twice, and code', () => {
    const text = '# The `a` / b: c\n## A\n## A\n[1](#the-a--b-c) [2](#a-1) `[3](gone)`\n';
    expect(objectionsOf(parsePage('docs/page.md', text))).toEqual([]);
  });
});
