import { InProcessWorkflow } from '../../shared/adapters/memory/in-process-workflow.ts';
import { MemoryEntryTable } from '../../shared/adapters/memory/memory-entry-table.ts';
import { MemoryObjectStore } from '../../shared/adapters/memory/memory-object-store.ts';
import { describeEntryTable } from './entry-table.ts';
import { describeMultipartStore, type MultipartHost } from './multipart-store.ts';
import { describeObjectStore } from './object-store.ts';
import { describeWorkflow } from './workflow.ts';

const open = (isVersioned: boolean) => async (): Promise<MultipartHost> => {
  const settings = { isVersioned, hasChecksum: true };
  const store = new MemoryObjectStore({ contract: settings });
  return {
    ...settings,
    objects: store,
    multipart: store,
    retirer: isVersioned ? store : null,
    bucket: 'contract',
    close: async () => undefined,
  };
};

describeObjectStore('memory, versioned', open(true));
describeObjectStore('memory, unversioned', open(false));
describeMultipartStore('memory', open(true));
describeEntryTable('memory', async () => ({
  table: new MemoryEntryTable(),
  close: async () => undefined,
}));
describeWorkflow('in process', async () => ({
  workflow: new InProcessWorkflow(async (_name, input) => {
    const asked = typeof input === 'object' && input !== null && 'fail' in input && input.fail;
    if (asked === true) throw new Error('the input said so');
  }),
  close: async () => undefined,
}));
