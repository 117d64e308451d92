import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Folders below each other; a link that leads back up would not end. */
const DEPTH_MAX = 32;

export interface FolderContents {
  /** Regular files, links to them included, by their paths below the folder; sorted. */
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

export const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => null))?.isDirectory() ?? false;

export const isFile = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => null))?.isFile() ?? false;

/** Everything below a folder, hidden names included; what is neither file nor folder is left out. */
export async function listFolder(root: string, leftOut: string | null): Promise<FolderContents> {
  const files: string[] = [];
  const folders: string[] = [];
  const visit = async (below: string, depth: number): Promise<void> => {
    for (const name of (await readdir(join(root, below))).toSorted()) {
      const path = below === '' ? name : join(below, name);
      const found = await stat(join(root, path)).catch(() => null);
      if (found?.isFile()) files.push(path);
      if (found?.isDirectory() && depth < DEPTH_MAX && join(root, path) !== leftOut) {
        folders.push(path);
        await visit(path, depth + 1);
      }
    }
  };
  await visit('', 0);
  return { files, folders };
}
