//! Exact Jaccard similarity of shingle sets.
