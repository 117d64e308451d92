#!/usr/bin/env node
// Prints, as JSON, the command that runs Lambda's Node on this machine; fetches it when missing.
//
//   node scripts/lambda-node.mjs arm64    {"command":[...],"version":"24...","emulated":true}
import { lambdaNode } from './native/lambda-node.mjs';
import { TARGETS } from './native/targets.mjs';
import { setUp } from './setup.mjs';
import { SetupError } from './system/process.mjs';
import { asProgram } from './system/program.mjs';

await asProgram(async () => {
  const arch = process.argv[2] ?? process.arch;
  if (!(arch in TARGETS))
    throw new SetupError(`Unknown processor: ${arch}`, { advice: 'Known: x64, arm64' });
  await setUp(['prerequisites']);
  const found = await lambdaNode(arch, { line: (text) => process.stderr.write(`  ${text}\n`) });
  process.stdout.write(`${JSON.stringify(found)}\n`);
});
