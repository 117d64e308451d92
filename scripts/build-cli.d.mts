import type { BuildOptions } from 'esbuild';

/** How esbuild bundles the command line into `outdir`. */
export function cliBundleOptions(outdir: string): BuildOptions & { readonly metafile: true };
