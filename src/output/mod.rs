//! Reading logs: bytes, lines, search.
