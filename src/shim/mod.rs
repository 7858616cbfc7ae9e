//! One process tree and its output.
