//! N-grams of words or characters as 64-bit hashes.
