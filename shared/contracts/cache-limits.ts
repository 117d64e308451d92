/** Bounds of the compile cache. Names carry their unit. */

const KIB = 1024;
const MIB = 1024 * KIB;

/** A body above this is refused with 413; a setting of the host. */
export const ENTRY_BYTES_MAX_DEFAULT = 512 * MIB;
/** What a Lambda passes on itself: 6 MiB are allowed, in base64. */
export const INLINE_BYTES_MAX = 4 * MIB;
/** In the bucket of the AWS host. */
export const CACHE_BLOBS_PREFIX = 'blobs/';
/** JSON requests. */
export const JSON_BYTES_MAX = 256 * KIB;

export const LOOKUP_KEYS_MAX = 256;
export const EVENTS_MAX = 256;
export const FACTORS_BYTES_MAX = 8 * KIB;
export const FACTORS_MAX = 64;
export const FACTOR_NAME_LENGTH_MAX = 64;
export const FACTOR_VALUE_LENGTH_MAX = 256;
/** Newest entries with factors that `explain` compares with. */
export const EXPLAIN_ENTRIES_MAX = 1_000;
export const LEASE_SECONDS_MAX = 600;
export const STATS_DAYS_MAX = 90;
/** Digests that one key remembers as broken; the oldest is forgotten first. */
export const REFUSED_DIGESTS_MAX = 16;
/** Attempts of a conditional write that lost a race. */
export const RACE_TRIES_MAX = 8;

/** A body may pause this long between two pieces, and must on the whole come this fast. */
export const BODY_IDLE_MS = 15_000;
export const BODY_BYTES_PER_SECOND_MIN = 32 * KIB;

export const TOKEN_TTL_SECONDS_MAX = 366 * 24 * 3_600;
export const TOKEN_RATE_DEFAULT = 2_000;
