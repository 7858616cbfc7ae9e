//! A task with its output as one document.
//!
//! | file | what |
//! |---|---|
//! | `verb` | which task and runs, and where to |
//! | `pieces` | a run's output from the disk, a piece at a time |
//! | `sink` | standard output, or a file that is written whole or not at all |
//! | `markdown`, `json` | the documents |

mod json;
mod markdown;
mod pieces;
mod sink;
mod verb;

pub(super) use verb::export;
