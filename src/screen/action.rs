//! What a screen wants done.

use std::sync::Arc;

use crate::core::id::{RunId, TaskId};
use crate::core::wire::Request;
use crate::output::Pattern;
use crate::verb::Export;

/// Something that a screen wants done. Performed in order by the supervisor.
#[derive(Debug, Clone)]
pub enum Action {
    /// Ask the engine; answers go to [`Screen::answer`](super::Screen::answer) under the
    /// same number.
    Request(u64, Request),
    /// This client leaves; nothing of the herd changes.
    Detach,
    /// This client leaves a herd in which nothing is active any more: unless somebody
    /// else looks on, its supervisor has nothing left to do.
    Finish,
    /// Put this on the client's clipboard.
    Copy(String),
    /// Show a run's whole log in the client's pager.
    Page(RunId),
    /// Write a task with its output to a file; how it went goes to
    /// [`Screen::tell`](super::Screen::tell) or [`Screen::notice`](super::Screen::notice).
    Export(Export),
    /// Search a run's log, instead of whatever this screen had searched before; what is
    /// found goes to [`Screen::hits`](super::Screen::hits).
    Search(SearchAsk),
    /// The search is over: what is still under way may stop.
    CancelSearch,
    /// A person has this task before their eyes.
    Seen(TaskId),
    /// Keep this for the screens that come.
    Remember(&'static str, String),
}

/// What is to be searched.
#[derive(Debug, Clone)]
pub struct SearchAsk {
    /// Names this search among the screen's own; results of others are not taken.
    pub generation: u64,
    /// Whose log.
    pub run: RunId,
    /// For what.
    pub pattern: Arc<Pattern>,
}
