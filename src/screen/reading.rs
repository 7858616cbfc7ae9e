//! A pane before an output: as it was written, or as a conversation.

use std::sync::Arc;

use super::transcript::TalkPane;
use crate::core::place::Standing;
use crate::output::{Pane, Pattern};

/// Either pane.
#[derive(Debug)]
pub(super) enum Reading {
    /// As it was written.
    Raw(Pane),
    /// As a conversation.
    Talk(Box<TalkPane>),
}

/// The same for both.
macro_rules! both {
    ($self:ident, $pane:ident => $what:expr) => {
        match $self {
            Self::Raw($pane) => $what,
            Self::Talk($pane) => $what,
        }
    };
}

impl Reading {
    /// One of this size that follows the end.
    pub(super) fn new(talks: bool, cols: u16, rows: u16) -> Self {
        if talks {
            Self::Talk(Box::new(TalkPane::new(cols, rows)))
        } else {
            Self::Raw(Pane::new(cols, rows))
        }
    }

    /// One of this size that stands there.
    pub(super) fn at(talks: bool, place: Standing, cols: u16, rows: u16) -> Self {
        if talks {
            Self::Talk(Box::new(TalkPane::at(place, cols, rows)))
        } else {
            Self::Raw(Pane::at(place, cols, rows))
        }
    }

    /// Where it stands; `None` where it follows the end, or is on its way.
    pub(super) fn place(&self) -> Option<Standing> {
        both!(self, pane => pane.place())
    }

    /// Gives it another size.
    pub(super) fn resize(&mut self, cols: u16, rows: u16) {
        both!(self, pane => pane.resize(cols, rows));
    }

    /// Whether it follows the end.
    pub(super) fn following(&self) -> bool {
        both!(self, pane => pane.following())
    }

    /// Scrolls by rows, up where negative.
    pub(super) fn scroll(&mut self, rows: i64) {
        both!(self, pane => pane.scroll(rows));
    }

    /// Scrolls by pages, up where negative.
    pub(super) fn page(&mut self, pages: i64) {
        both!(self, pane => pane.page(pages));
    }

    /// To the first row that is kept.
    pub(super) fn go_top(&mut self) {
        match self {
            Self::Raw(pane) => pane.to_top(),
            Self::Talk(pane) => pane.go_top(),
        }
    }

    /// To the end, and follows it.
    pub(super) fn go_end(&mut self) {
        match self {
            Self::Raw(pane) => pane.to_end(),
            Self::Talk(pane) => pane.go_end(),
        }
    }

    /// Stays where it is, though it followed.
    pub(super) fn hold(&mut self) {
        both!(self, pane => pane.hold());
    }

    /// To a line, by its name.
    pub(super) fn jump(&mut self, line: u64) {
        both!(self, pane => pane.jump(line));
    }

    /// Marks what matches in the rows, or nothing.
    pub(super) fn highlight(&mut self, pattern: Option<Arc<Pattern>>) {
        both!(self, pane => pane.highlight(pattern));
    }
}
