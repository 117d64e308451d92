/** Bounds that hold everywhere. Names carry their unit. */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Segment sizes that the format allows (docs/format/checkpoint-v1.md). */
export const SEGMENT_BYTES_MIN = 1 * MIB;
export const SEGMENT_BYTES_MAX = 256 * MIB;
export const SEGMENT_BYTES_DEFAULT = 64 * MIB;

/** Segments that one Map child encodes or verifies. */
export const BATCH_SEGMENTS_DEFAULT = 16;
/** The batch grows up to this many segments to keep BATCH_COUNT_MAX. */
export const SEGMENTS_PER_BATCH_MAX = 1_024;
/** Children of one Distributed Map: the local stack and DESIGN section 1 stop at this. */
export const BATCH_COUNT_MAX = 10_000;

/** S3's object size limit that we plan for; larger objects are quarantined with a reason. */
export const OBJECT_BYTES_MAX = 5 * 1024 * 1024 * MIB;

/** Raw bytes decoded at once by restore and verify; memory of a chain is depth times this. */
export const WINDOW_BYTES = 16 * MIB;

/** A delta chain is cut by a keyframe at this depth (a standalone checkpoint has depth 0). */
export const CHAIN_DEPTH_MAX = 8;
/** A restore may read at most this many times the raw size, bases included. */
export const RESTORE_READ_FACTOR_MAX = 2;
/** A delta is kept only where its sample is at least this much smaller than standalone. */
export const DELTA_GAIN_MIN = 0.1;

/** Samples that plan and the estimate encode to compare delta with standalone. */
export const SAMPLE_COUNT_MAX = 8;
export const SAMPLE_BYTES_MAX = 1 * MIB;

/** Workers of one kind at once, unless the configuration says otherwise. */
export const WORKERS_DEFAULT = 50;

/** Segments of one batch that are in memory at the same time. */
export const SEGMENT_CONCURRENCY = 2;

/** Listed versions that one reconcile or retire invocation looks at; the next one goes on. */
export const SWEEP_OBJECTS_MAX = 50_000;
/** Catalogue reads in flight during a sweep. */
export const SWEEP_CONCURRENCY = 16;

/** Small JSON objects of ours (plans, layouts, results, manifests) are refused above this. */
export const DOCUMENT_BYTES_MAX = 128 * MIB;
export const MANIFEST_BYTES_MAX = 4 * MIB;

/** Attempts that reconcile and start make before a checkpoint stays FAILED. */
export const ATTEMPTS_MAX = 5;

/** Lambda gives one vCPU at 1,769 MB. */
export const LAMBDA_MIB_PER_VCPU = 1_769;

/** A worker stops taking new segments when less than this is left of its Lambda time. */
export const DEADLINE_RESERVE_MS = 30_000;

/** Tries of one state, the first included; after that the execution fails. */
export const WORKFLOW_TRIES_MAX = 4;

/** Step Functions: state payload limit is 262,144 bytes; ours stay far below. */
export const STATE_PAYLOAD_BYTES_MAX = 32 * KIB;

/** Retire: hours between VERIFIED and the deletion of an original, where a team opted in. */
export const RETIRE_GRACE_HOURS_DEFAULT = 72;

/** S3 multipart upload. */
export const PART_COUNT_MAX = 10_000;
export const PART_BYTES_MIN = 5 * MIB;
