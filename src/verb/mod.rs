//! Every verb once.
