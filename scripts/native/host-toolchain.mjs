// The compilers of this machine, building for this machine.
import { foundTools } from '../setup/prerequisites.mjs';

/** As codecAddon wants it. */
export function hostRust() {
  const { cargo, rustc } = foundTools();
  return {
    id: `host ${process.platform} ${process.arch} ${rustc.output}`,
    command: cargo.file,
    args: ['build'],
    env: process.env,
  };
}

/** As zstdAddon wants it. */
export function hostCompiler() {
  const tools = foundTools();
  return {
    id: `host ${process.platform} ${process.arch} cc ${tools.cc.output} c++ ${tools['c++'].output}`,
    cc: [tools.cc.file],
    cpp: [tools['c++'].file],
    env: process.env,
  };
}
