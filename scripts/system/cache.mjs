// Where set-up keeps what it downloads and builds, and how it writes there.
//
// Two places. The cache folder of the user (`$XDG_CACHE_HOME/mithril` or `~/.cache/mithril`) holds
// what any clone on this machine can use again: tools, and compiled results keyed by a digest of
// their sources. `.setup/` in the clone holds the stamps of this clone.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
export const STAMPS = path.join(ROOT, '.setup');

/** The cache folder, or a folder in it; made when missing. */
export function cacheFolder(...parts) {
  const folder = path.join(cacheRoot(), ...parts);
  fs.mkdirSync(folder, { recursive: true });
  return folder;
}

function cacheRoot() {
  const { XDG_CACHE_HOME: xdg } = process.env;
  return path.join(xdg ? path.resolve(xdg) : path.join(os.homedir(), '.cache'), 'mithril');
}

/** A name beside `file` that no other process uses, for write-then-rename. */
export function temporaryBeside(file) {
  const unique = `${process.pid}-${Math.random().toString(36).slice(2, 10)}`;
  return path.join(path.dirname(file), `.${path.basename(file)}.${unique}.tmp`);
}

/** Writes a file so that a reader sees either the old or the whole new content. */
export function writeWhole(file, content, mode = 0o644) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const temporary = temporaryBeside(file);
  try {
    fs.writeFileSync(temporary, content, { mode });
    fs.renameSync(temporary, file);
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

export function copyWhole(from, to, mode = 0o644) {
  writeWhole(to, fs.readFileSync(from), mode);
}

/**
 * Fills a folder by `fill(temporary)` and moves it into place; an interrupted fill leaves nothing.
 * The old folder is replaced only when the new one is complete.
 */
export async function fillFolder(folder, fill) {
  fs.mkdirSync(path.dirname(folder), { recursive: true });
  const temporary = temporaryBeside(folder);
  try {
    fs.mkdirSync(temporary);
    await fill(temporary);
    replaceFolder(temporary, folder);
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
  return folder;
}

// Two renames: a reader finds the old folder or the new one, save for an instant.
function replaceFolder(from, to) {
  const old = temporaryBeside(to);
  if (fs.existsSync(to)) fs.renameSync(to, old);
  fs.renameSync(from, to);
  fs.rmSync(old, { recursive: true, force: true });
}

/** What the step of this name left behind in this clone, or null. */
export function readStamp(name) {
  try {
    return JSON.parse(fs.readFileSync(path.join(STAMPS, `${name}.json`), 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return null;
    throw error;
  }
}

export function writeStamp(name, value) {
  writeWhole(path.join(STAMPS, `${name}.json`), `${JSON.stringify(value, null, 2)}\n`);
}
