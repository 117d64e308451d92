#!/usr/bin/env node
// `npm run sbom`: what Mithril is made of, out of its lock files, as CycloneDX 1.6 JSON.
//
//   npm run sbom                         writes dist/mithril.cdx.json
//   npm run sbom -- --out FILE
//
// Nothing is asked of a registry: names, exact versions and digests stand in the lock files. What is
// only needed to build, test or measure has the scope "excluded", as far as a lock file tells: one of
// Cargo does not, so crates of tests count as the product's. The same tree gives the same bytes.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, writeWhole } from './system/cache.mjs';
import { listFiles } from './system/digest.mjs';
import { asProgram } from './system/program.mjs';

const NAMES_OF_HASHES = { sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512' };
const SKIPPED = new Set(['node_modules', 'dist', 'target', '.git', '.setup', 'cdk.out']);
/** Environments of tests, checks and benchmarks: nothing of them is delivered. */
const PYTHON_LOCK = /requirements\.txt$/;
/** In the order of preference: a crate of both is part of the product. */
const CARGO_LOCKS = ['native/Cargo.lock', 'native/fuzz/Cargo.lock'];

const read = (name) => fs.readFileSync(path.join(ROOT, name), 'utf8');
const hash = (alg, content) => ({ alg: NAMES_OF_HASHES[alg], content });

/** Packages of a package-lock.json; `isBuildOnly` marks all of them. */
function npmComponents(text, isBuildOnly = false) {
  const { packages } = JSON.parse(text);
  return Object.entries(packages)
    .filter(([at, { link }]) => at !== '' && !link)
    .map(([at, { name, version, dev, license, integrity }]) => {
      const fullName = name ?? at.split('node_modules/').at(-1);
      const [algorithm, base64] = (integrity ?? '').split('-');
      return {
        ...component('npm', fullName, version, dev === true || isBuildOnly),
        ...(license && { licenses: [{ expression: license }] }),
        ...(base64 && { hashes: [hash(algorithm, Buffer.from(base64, 'base64').toString('hex'))] }),
      };
    });
}

/** Crates of a Cargo.lock that come from a registry. */
function cargoComponents(text, isBuildOnly = false) {
  return text
    .split('[[package]]')
    .slice(1)
    .flatMap((block) => {
      const field = (name) => new RegExp(`^${name} = "(.+)"$`, 'm').exec(block)?.[1];
      if (field('source') === undefined) return [];
      const made = component('cargo', field('name'), field('version'), isBuildOnly);
      const checksum = field('checksum');
      return [checksum ? { ...made, hashes: [hash('sha256', checksum)] } : made];
    });
}

/** Python packages of a requirements file with exact versions. */
function pythonComponents(text) {
  return [...text.matchAll(/^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;\\]+)/gm)].map(([, name, version]) =>
    component('pypi', name.toLowerCase().replaceAll(/[-_.]+/g, '-'), version, true),
  );
}

function component(kind, name, version, isBuildOnly) {
  const purl = `pkg:${kind}/${name.replace('@', '%40')}@${version}`;
  const scope = isBuildOnly ? 'excluded' : 'required';
  return { type: 'library', 'bom-ref': purl, name, version, scope, purl };
}

/** One entry a package: it is required if anything of the product requires it. */
function merged(components) {
  const byRef = new Map();
  for (const one of components) {
    const before = byRef.get(one['bom-ref']);
    if (before === undefined || (before.scope === 'excluded' && one.scope === 'required')) {
      byRef.set(one['bom-ref'], one);
    }
  }
  return [...byRef.values()].sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1));
}

function billOfMaterials() {
  const { name, version, license } = JSON.parse(read('package.json'));
  const [product, fuzz] = CARGO_LOCKS;
  const files = listFiles(ROOT, SKIPPED);
  const components = merged([
    ...npmComponents(read('package-lock.json')),
    ...files
      .filter((file) => file.endsWith('/package-lock.json'))
      .flatMap((file) => npmComponents(read(file), true)),
    ...cargoComponents(read(product)),
    ...cargoComponents(read(fuzz), true),
    ...files
      .filter((file) => PYTHON_LOCK.test(file))
      .flatMap((file) => pythonComponents(read(file))),
  ]);
  const root = { type: 'application', 'bom-ref': `${name}@${version}`, name, version };
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { ...root, licenses: [{ expression: license }] } },
    components,
  };
}

async function main() {
  const { values } = parseArgs({
    options: { out: { type: 'string', default: path.join(ROOT, 'dist', 'mithril.cdx.json') } },
  });
  const bill = billOfMaterials();
  const out = path.resolve(values.out);
  writeWhole(out, `${JSON.stringify(bill, null, 2)}\n`);
  const required = bill.components.filter(({ scope }) => scope === 'required').length;
  const others = bill.components.length - required;
  console.log(`${required} components of the product, ${others} of build and tests: ${out}`);
}

await asProgram(main);
