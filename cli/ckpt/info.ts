import type { Manifest } from '../../shared/ports/codec.ts';
import { EXIT } from '../exit-code.ts';
import { checkInput } from '../files/input-file.ts';
import { onlyArgument } from '../parse-options.ts';
import type { Command } from '../session.ts';
import { formatBytes, formatCount, formatRatio, ratioOf } from '../text/quantity.ts';
import { aboutFile, loadPackedFiles } from './packed.ts';

/** `mithril ckpt info IN.mith`: what the manifest says; no segment is read. */
export const info: Command = async (session, args) => {
  const input = onlyArgument(args);
  await checkInput(input);
  const packed = await loadPackedFiles();
  const manifest = await packed.info(input).catch((error: unknown) => {
    throw aboutFile(error, { subject: input, base: [] }, false);
  });
  session.terminal.result(describe(manifest), {
    command: 'info',
    input,
    name: manifest.name,
    bytesIn: manifest.bytes,
    bytesOut: manifest.storedBytes,
    ratio: ratioOf(manifest.bytes, manifest.storedBytes),
    container: manifest.container,
    depth: manifest.depth,
    base: manifest.base,
    segmentBytes: manifest.segmentBytes,
    segments: manifest.segments.length,
    checksums: {
      crc32: manifest.crc32,
      crc32c: manifest.crc32c,
      crc64nvme: manifest.crc64nvme,
      sha256: manifest.sha256,
    },
  });
  return EXIT.ok;
};

function describe(manifest: Manifest & { readonly storedBytes: number }): string {
  const { bytes, storedBytes, container, base } = manifest;
  const stored = `${formatBytes(storedBytes)} (${formatRatio(bytes, storedBytes)})`;
  const rows: (readonly [string, string])[] = [
    ['name', manifest.name],
    ['original', `${formatBytes(bytes)} (${formatCount(bytes)} bytes)`],
    ['stored', stored],
    ['container', container.reason ? `${container.kind}: ${container.reason}` : container.kind],
    ['segments', `${manifest.segments.length} of ${formatBytes(manifest.segmentBytes)}`],
    ['base', base === null ? 'none' : `${formatBytes(base.bytes)}, crc64nvme ${base.crc64nvme}`],
    ['depth', String(manifest.depth)],
    ['crc32', manifest.crc32],
    ['crc64nvme', manifest.crc64nvme],
  ];
  return rows.map(([name, value]) => `${name.padEnd(10)} ${value}`).join('\n');
}
