/**
 * Name of the error that a function throws for a fault which a later try may not meet: throttles,
 * timeouts, short reads. State machines retry it by this name, and nothing else of ours.
 */
export const RETRYABLE_FAULT = 'MithrilRetryableFault';
