//! Digests of bytes and how they combine.
