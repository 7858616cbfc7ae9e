//! The task list: which rows it has, which is selected, what it is filtered by.

mod above;
mod filter;
mod follow;
mod line;
mod query;
mod rows;
mod state;
#[cfg(test)]
mod tests;
mod tree;

pub(super) use filter::Filter;
pub(super) use rows::Row;
pub(super) use state::List;
