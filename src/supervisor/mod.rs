//! The loop that owns every task.
