//! Configuration: layers, validation, paths.
