//! MinHash signatures of shingle sets.
