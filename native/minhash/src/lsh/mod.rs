//! Bands over signatures: how many, with which probability a pair meets in one, and their keys.
