//! Reading logs: bytes, lines, search.
//!
//! A log is read, never written, here; while it is read its shim appends to it and
//! its oldest segments go. Lines are named by the offset of their first byte, which
//! neither growth nor dropping changes: scroll positions and search hits hang on it.
//!
//! | file | what |
//! |---|---|
//! | [`log`] | the segments of one run on disk: bytes by offset |
//! | [`reader`] | a thread that reads for those who must not block |
//! | [`ring`] | what of a log is held in memory, within a cap |
//! | `lines` | where lines begin and end |
//! | [`display`] | a line's bytes as text that a terminal can be trusted with |
//! | `sgr`, `wrap` | colours; where rows break |
//! | [`rows`] | rows of a width, out of a ring |
//! | [`pane`] | one client's view of one run: follow, scroll, wrap |
//! | [`pattern`] | what is searched for |
//! | [`search`] | every line that a pattern matches, newest first |

pub mod display;
mod lines;
pub mod log;
pub mod pane;
pub mod pattern;
pub mod reader;
pub mod ring;
pub mod rows;
pub mod search;
mod sgr;
#[cfg(test)]
mod tests;
pub(crate) mod wrap;

pub use log::LogFiles;
pub use pane::{Layout, Pane};
pub use pattern::Pattern;
pub use reader::{Block, Fetch, Reader};
pub use ring::Ring;
pub use rows::{Row, RowKind};
pub use search::{Ask, Found, Hits, Search};
