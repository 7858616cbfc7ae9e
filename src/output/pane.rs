//! One client's view of one run: follow, scroll, wrap.

use std::ops::Range;
use std::sync::Arc;

use ratatui::text::Line;

use super::ring::Ring;
use super::search::Pattern;

/// What a row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// Output.
    Text,
    /// How much was dropped before the first kept line.
    Dropped,
}

/// A row of the pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it shows: at most as wide as the pane, safe to draw, tabs expanded.
    pub line: Line<'static>,
    /// The line's id: the offset of its first byte in the run's output.
    pub offset: u64,
    /// Which row of its line, from 0.
    pub part: u16,
    /// Whether its line goes on in the next row: no line feed lies between them.
    pub wrapped: bool,
    /// Columns that the pattern matches.
    pub matches: Vec<Range<u16>>,
    /// What it shows.
    pub kind: RowKind,
}

impl Row {
    /// The row's text.
    pub fn text(&self) -> String {
        self.line.spans.iter().map(|span| &*span.content).collect()
    }
}

/// What a pane shows now.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layout {
    /// From top to bottom; fewer than the pane has where there is no more, or not yet.
    pub rows: Vec<Row>,
    /// What must be fetched before this is complete.
    pub missing: Option<Range<u64>>,
    /// How far down the kept log the last row is, 0 to 1.
    pub position: f64,
    /// Bytes of kept output above the first row's line.
    pub above: u64,
    /// Bytes of output below the last row's line.
    pub below: u64,
    /// Bytes dropped from the log's beginning.
    pub dropped: u64,
    /// Whether the end is being followed.
    pub following: bool,
    /// Why what is missing can't be had, where it can't.
    pub trouble: Option<String>,
}

/// A view of one run's output: it follows the end, or stands at a line and stays
/// there whatever is written or dropped.
#[derive(Debug, Clone)]
pub struct Pane {
    cols: u16,
    rows: u16,
}

impl Pane {
    /// A pane of this size that follows the end.
    pub fn new(cols: u16, rows: u16) -> Self {
        Self { cols, rows }
    }

    /// Gives it another size.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        (self.cols, self.rows) = (cols, rows);
    }

    /// Whether it follows the end.
    pub fn following(&self) -> bool {
        true
    }

    /// Scrolls by rows, up where negative. Beyond the last row it follows again.
    pub fn scroll(&mut self, _rows: i64) {}

    /// Scrolls by pages of all rows but one, up where negative.
    pub fn page(&mut self, pages: i64) {
        self.scroll(pages * i64::from(self.rows.max(2) - 1));
    }

    /// Goes to the first kept line.
    pub fn to_top(&mut self) {}

    /// Follows the end.
    pub fn to_end(&mut self) {}

    /// Stays where it is, though it followed.
    pub fn hold(&mut self) {}

    /// Shows the line that holds this byte, a third down the pane.
    pub fn jump(&mut self, _offset: u64) {}

    /// Marks what matches in the rows, or nothing.
    pub fn highlight(&mut self, _pattern: Option<Arc<Pattern>>) {}

    /// What to show, and what must be fetched to show it all.
    pub fn layout(&mut self, _ring: &Ring) -> Layout {
        Layout::default()
    }
}
