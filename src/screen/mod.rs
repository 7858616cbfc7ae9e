//! What a client sees: state, keys, views.
