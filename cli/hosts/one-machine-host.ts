import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { createFsMultipartStore } from '../../shared/adapters/fs/fs-multipart-store.ts';
import { createFsObjectStore } from '../../shared/adapters/fs/fs-object-store.ts';
import { openLmdbEntryTable } from '../../shared/adapters/lmdb/lmdb-entry-table.ts';
import { InProcessWorkflow } from '../../shared/adapters/memory/in-process-workflow.ts';
import { createNativeCodec } from '../../shared/adapters/native/native-codec.ts';
import { withCompressedDocuments } from '../../shared/adapters/zstd/compressed-documents.ts';
import { createZstdCompressor } from '../../shared/adapters/zstd/zstd-compressor.ts';
import type { CheckpointContext } from '../../shared/app/checkpoint/context.ts';
import { runCheckpointExecution } from '../../shared/app/checkpoint/run-workflow.ts';
import { isCompressedDocument } from '../../shared/contracts/checkpoint-keys.ts';
import type { Session } from '../session.ts';
import type { Settings } from '../settings/settings.ts';
import type { Host } from './host.ts';
import { checkpointSettings, localParts } from './local-context.ts';
import { oneMachinePaths, SOURCE_BUCKET, STORE_BUCKET } from './one-machine-paths.ts';

const PAUSE_MS_BASE = 200;
const PAUSE_MS_MAX = 5_000;

/** Between the tries of a state, doubling. */
const pauseBetweenTries = (tries: number): Promise<void> =>
  sleep(Math.min(PAUSE_MS_MAX, PAUSE_MS_BASE * 2 ** (tries - 1))).then(() => undefined);

/** One machine without AWS: objects are files, the catalogue is lmdb, states run in this process. */
export function openOneMachineHost(session: Session, settings: Settings): Host {
  const paths = oneMachinePaths(settings);
  mkdirSync(paths.objects, { recursive: true });
  mkdirSync(paths.table, { recursive: true });
  const files = createFsObjectStore(paths.objects);
  const table = openLmdbEntryTable(paths.table);
  const workflowHost = {
    worker: () => context,
    batchConcurrency: 1,
    pause: pauseBetweenTries,
  };
  // One at a time: each uses all cores by itself, and the memory of one is bounded.
  const oneAtATime = pLimit(1);
  const workflow = new InProcessWorkflow((_name, input) =>
    oneAtATime(() => runCheckpointExecution(workflowHost, input)),
  );
  const context: CheckpointContext = {
    ...localParts(session),
    objects: withCompressedDocuments(files, createZstdCompressor(), isCompressedDocument),
    table,
    codec: createNativeCodec(),
    workflow,
    multipart: createFsMultipartStore(paths.objects),
    retirer: files,
    settings: checkpointSettings(settings, {
      storeBucket: settings.storeBucket ?? STORE_BUCKET,
      sourceBucket: settings.sourceBucket ?? SOURCE_BUCKET,
    }),
  };
  return {
    settings,
    context,
    restoreWorkflow: null,
    close: async () => {
      await workflow.settle();
      await table.close();
    },
  };
}
