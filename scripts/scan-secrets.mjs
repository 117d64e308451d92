#!/usr/bin/env node
// Looks for credentials in logs: `node scripts/scan-secrets.mjs LOG...`. Says file, line and kind, never the
// credential; exit code 1 when there is one. `.ci/run` lets it read everything that the tests wrote.
import fs from 'node:fs';

/** What must not stand in a log. A presigned URL is one: whoever has it can use it. */
const KINDS = [
  ['token of the cache', /\bmith_[0-9a-f]{16}_[0-9a-f]{64}\b/],
  ['access key of AWS', /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/],
  ['secret key of AWS', /aws_?secret_?access_?key["']?\s*[:=]\s*["']?[\w/+]{40}\b/i],
  ['signature of a presigned URL', /X-Amz-Signature=[0-9a-f]{64}/i],
  ['session token of AWS', /X-Amz-Security-Token=\S{16}/i],
  ['authorization header', /\bauthorization["']?\s*[:=]\s*["']?(?:bearer|basic)\s+[\w.~+/=-]{16}/i],
  ['private key', /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/],
  ['token of a code host', /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{22})/],
  ['token of a package registry', /\bnpm_[A-Za-z0-9]{36}\b/],
];
/** Keys of AWS's own documentation. */
const EXAMPLES = /AKIAIOSFODNN7EXAMPLE|wJalrXUtnFEMI\/K7MDENG\/bPxRfiCYEXAMPLEKEY/g;

const findings = process.argv.slice(2).flatMap((file) =>
  fs
    .readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line, at) => {
      const text = line.replaceAll(EXAMPLES, '');
      return KINDS.filter(([, pattern]) => pattern.test(text)).map(
        ([kind]) => `${file}:${at + 1}: ${kind}`,
      );
    }),
);
for (const finding of findings) console.log(finding);
console.log(`${findings.length} credentials found in ${process.argv.length - 2} files`);
process.exitCode = findings.length === 0 ? 0 : 1;
