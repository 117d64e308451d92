import { describeFailAtNth } from './fail-at-nth.ts';

describeFailAtNth('versioned bucket', { isVersioned: true, hasChecksum: true });
