#!/usr/bin/env node
import { cargoVariables } from './native/host-toolchain.mjs';
// The whole set-up of a fresh clone. Needs nothing but Node: it runs before `npm ci`.
//
//   node scripts/setup.mjs              what `npm start` needs
//   node scripts/setup.mjs test         what `npm test` needs
//   node scripts/setup.mjs STEP...      these steps (and the ones they need)
//
// A step that finds its inputs unchanged does nothing, so the second run takes a fraction of a
// second. Every result is written beside its place and renamed, so an interrupted run is harmless.
import { PYTHON } from './setup/python-package.mjs';
import { GROUPS, STEPS } from './setup/steps.mjs';
import { SetupError } from './system/process.mjs';
import { asProgram, isProgram, printFailure } from './system/program.mjs';
import { seconds, startReport } from './system/report.mjs';

/**
 * Brings the named steps (or groups of steps) up to date, in order. Returns what they did, and
 * what callers run next with: { steps: [{ name, ran, ms, failed? }], python, cargoEnv }.
 * Throws SetupError when a step fails that is not optional.
 */
export async function setUp(names, { out = process.stderr } = {}) {
  const selected = select(names);
  const started = performance.now();
  const steps = [];
  let announced = false;
  for (const step of selected) {
    const begun = performance.now();
    const reason = await step.staleBecause();
    if (reason === null) {
      steps.push({ name: step.name, ran: false, ms: performance.now() - begun });
      continue;
    }
    if (!announced) out.write('Setting up what is missing (only the first time takes long):\n');
    announced = true;
    steps.push({ name: step.name, ran: true, ...(await perform(step, reason, out)) });
  }
  const ran = steps.filter((step) => step.ran).length;
  if (ran > 0) {
    const total = seconds(performance.now() - started);
    out.write(`Set-up: ${ran} done, ${steps.length - ran} up to date, ${total}\n`);
  }
  return { steps, python: PYTHON, cargoEnv: cargoVariables() };
}

/** The same for a program's first line: a failure is explained and ends the process with 1. */
export async function setUpOrExit(names) {
  let result;
  await asProgram(async () => {
    result = await setUp(names);
  });
  if (!result) process.exit(1);
  return result;
}

async function perform(step, reason, out) {
  const report = startReport({ title: step.title, reason, out });
  try {
    await step.run({ line: report.line });
    return { ms: report.done() };
  } catch (error) {
    const ms = report.failed();
    if (!step.optional || !(error instanceof SetupError)) throw error;
    printFailure(error, out);
    out.write(`Going on without it: ${step.title}\n`);
    return { ms, failed: error.message };
  }
}

function select(names) {
  const wanted = new Set();
  const add = (name) => {
    if (GROUPS[name]) {
      for (const member of GROUPS[name]) add(member);
      return;
    }
    const step = STEPS.find((candidate) => candidate.name === name);
    if (!step) {
      const known = [...Object.keys(GROUPS), ...STEPS.map((candidate) => candidate.name)];
      throw new SetupError(`There is no set-up step "${name}"`, {
        advice: `Known: ${known.join(', ')}`,
      });
    }
    for (const needed of step.needs) add(needed);
    wanted.add(step.name);
  };
  for (const name of names) add(name);
  return STEPS.filter((step) => wanted.has(step.name));
}

if (isProgram(import.meta.url)) {
  const names = process.argv.slice(2);
  const { steps } = await setUpOrExit(names.length > 0 ? names : ['start']);
  if (steps.every((step) => !step.ran)) {
    process.stderr.write(`Set-up: all ${steps.length} steps are up to date\n`);
  }
}
