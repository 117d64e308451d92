// Puts the Lambda layers together: layers/{native,dedup,zstd}/dist, whose root is a layer's zip root.
//
// A layer holds builds of one state of the sources only: what does not fit them is left out, so
// that an old arm64 build can never be deployed beside new sources.
import fs from 'node:fs';
import path from 'node:path';
import { fillFolder, ROOT, readStamp, writeStamp } from '../system/cache.mjs';
import { digestOf, sha256 } from '../system/digest.mjs';
import { SetupError } from '../system/process.mjs';
import { compileAddon, findAddon } from './addons.mjs';
import { lambdaObjections } from './elf.mjs';
import { LAYERS } from './layer-contents.mjs';
import { TARGETS } from './targets.mjs';

// Files of a layer carry one time and one of two modes, so that the same inputs give the same zip.
const FIXED_TIME = new Date('1980-01-01T00:00:00Z');

/** Why the layers must be put together again for these arches, or null. */
export async function staleLayersBecause({ arches }) {
  for (const layer of LAYERS) {
    const contents = await contentsOf(layer, arches);
    if (contents === null) return 'not built yet';
    const stamp = readStamp(`layer-${layer.name}`);
    if (!stamp || !fs.existsSync(distOf(layer))) return 'not put together yet';
    if (stamp.digest !== digestContents(contents)) return 'their contents changed';
  }
  return null;
}

/**
 * Builds what is missing for `arches` ('host', 'x64', 'arm64') and puts the layers together, in
 * layers/NAME/dist or in `out`/NAME. Returns [{ name, folder, files: [{ name, bytes }] }].
 */
export async function buildLayers({ arches, out, line = () => {} }) {
  const built = [];
  for (const layer of LAYERS) {
    for (const arch of arches) {
      const file = await compileAddon(layer.addon, arch, { line });
      if (arch !== 'host') refuseUnloadable(file, arch);
    }
    const contents = await contentsOf(layer, arches);
    if (contents === null) {
      throw new SetupError(`the sources of layer ${layer.name} changed while they were compiled`, {
        advice: 'Run it again.',
      });
    }
    const folder = out ? path.join(out, layer.name) : distOf(layer);
    await assemble(layer, contents, folder);
    if (!out) writeStamp(`layer-${layer.name}`, { digest: digestContents(contents) });
    const files = contents.map(({ name, content }) => ({ name, bytes: content.length }));
    built.push({ name: layer.name, folder, files });
  }
  return built;
}

async function assemble(layer, contents, folder) {
  await fillFolder(folder, async (temporary) => {
    const root = path.join(temporary, 'nodejs', 'node_modules', layer.module);
    for (const { name, content } of contents) {
      const file = path.join(root, name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, content);
    }
    fixModesAndTimes(temporary);
  });
}

/** The files of a layer; null when the build of a wanted arch is missing. */
async function contentsOf(layer, arches) {
  const contents = layer.files();
  for (const arch of Object.keys(TARGETS)) {
    const isHost = arch === process.arch;
    const isWanted = arches.includes(arch) || (isHost && arches.includes('host'));
    // For this machine's own processor the build that Lambda takes comes first, if there is one.
    const file = findAddon(layer.addon, arch) ?? (isHost ? findAddon(layer.addon, 'host') : null);
    if (!file && isWanted) return null;
    if (file) contents.push({ name: layer.addonName(arch), content: fs.readFileSync(file) });
  }
  return contents.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function refuseUnloadable(file, arch) {
  const objections = lambdaObjections(file, arch);
  if (objections.length === 0) return;
  throw new SetupError(
    `The ${arch} build cannot be loaded by Lambda:\n  ${objections.join('\n  ')}`,
  );
}

function digestContents(contents) {
  return digestOf({ texts: contents.flatMap(({ name, content }) => [name, sha256(content)]) });
}

function fixModesAndTimes(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const place = path.join(folder, entry.name);
    if (entry.isDirectory()) fixModesAndTimes(place);
    else setModeAndTime(place, 0o644);
  }
  setModeAndTime(folder, 0o755);
}

function setModeAndTime(place, mode) {
  fs.chmodSync(place, mode);
  fs.utimesSync(place, FIXED_TIME, FIXED_TIME);
}

const distOf = (layer) => path.join(ROOT, 'layers', layer.name, 'dist');
