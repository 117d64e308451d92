import type { ObjectStore } from '../../shared/ports/object-store.ts';
import type { Settings } from '../settings/settings.ts';

/** Objects alone: enough for commands that need no store and no table of ours. */
export async function openObjectStore(settings: Settings): Promise<ObjectStore> {
  if (settings.host === 'one-machine') {
    const [{ createFsObjectStore }, { oneMachinePaths }] = await Promise.all([
      import('../../shared/adapters/fs/fs-object-store.ts'),
      import('./one-machine-paths.ts'),
    ]);
    return createFsObjectStore(oneMachinePaths(settings).objects);
  }
  const [{ createS3Client }, { createS3ObjectStore }, { awsClientOptions }] = await Promise.all([
    import('../../shared/adapters/s3/create-s3-client.ts'),
    import('../../shared/adapters/s3/s3-object-store.ts'),
    import('./aws-options.ts'),
  ]);
  return createS3ObjectStore(createS3Client(awsClientOptions(settings, process.env)));
}
