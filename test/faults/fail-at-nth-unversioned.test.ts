import { describeFailAtNth } from './fail-at-nth.ts';

describeFailAtNth('no versions, no checksums', { isVersioned: false, hasChecksum: false });
