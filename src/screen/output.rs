//! The shown output: which run's, where it is scrolled to, what the mouse selected.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;

use super::text::width;
use crate::core::id::RunId;
use crate::core::place::Standing;
use crate::output::{Layout, Pane, Pattern, Ring, Row, RowKind};

/// Most runs whose scroll position is remembered.
const REMEMBERED: usize = 64;

/// A place in the output: a row of a line, and a column. Holds while output comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    offset: u64,
    part: u16,
    column: u16,
}

/// What the mouse selected.
#[derive(Debug, Clone, Copy)]
struct Selection {
    from: Place,
    to: Place,
    /// Whether the button is down.
    dragging: bool,
    /// Whether the end was followed before.
    followed: bool,
}

/// The shown output.
#[derive(Debug)]
pub(super) struct View {
    run: Option<RunId>,
    pane: Pane,
    layout: Layout,
    selection: Option<Selection>,
    size: (u16, u16),
    /// Where a person stopped reading, for runs that are not shown.
    left: BTreeMap<RunId, Pane>,
}

impl Default for View {
    fn default() -> Self {
        Self {
            run: None,
            pane: Pane::new(0, 0),
            layout: Layout::default(),
            selection: None,
            size: (0, 0),
            left: BTreeMap::new(),
        }
    }
}

impl View {
    /// Whose output it is.
    pub(super) const fn run(&self) -> Option<RunId> {
        self.run
    }

    /// Where a person stands in outputs, the shown one last.
    pub(super) fn places(&self) -> Vec<(RunId, Standing)> {
        let left = self.left.iter().map(|(run, pane)| (*run, pane));
        // a selection holds an output that is followed
        let follows = self.selection.is_some_and(|selection| selection.followed);
        let shown = self.run.filter(|_| !follows).map(|run| (run, &self.pane));
        left.chain(shown)
            .filter_map(|(run, pane)| Some((run, pane.place()?)))
            .collect()
    }

    /// Stands there when that is shown, and marks what a search matches.
    pub(super) fn resume(
        &mut self,
        places: &[(RunId, Standing)],
        marked: Option<(RunId, Arc<Pattern>)>,
    ) {
        let (cols, rows) = self.size;
        for (run, place) in places.iter().rev().take(REMEMBERED) {
            self.left.insert(*run, Pane::at(*place, cols, rows));
        }
        if let Some((run, pattern)) = marked {
            let pane = self.left.entry(run);
            let pane = pane.or_insert_with(|| Pane::new(cols, rows));
            pane.highlight(Some(pattern));
        }
    }

    /// Shows another run's output, from where a person left it, else from its end.
    pub(super) fn show(&mut self, run: Option<RunId>) {
        if run == self.run {
            return;
        }
        self.selection = None;
        self.layout = Layout::default();
        let (cols, rows) = self.size;
        let left = run.and_then(|run| self.left.remove(&run));
        let mut pane = left.unwrap_or_else(|| Pane::new(cols, rows));
        pane.resize(cols, rows);
        let mut before = std::mem::replace(&mut self.pane, pane);
        before.highlight(None);
        if let Some(run) = self.run
            && !before.following()
        {
            self.left.insert(run, before);
            if self.left.len() > REMEMBERED {
                self.left.pop_first();
            }
        }
        self.run = run;
    }

    /// Gives it another size.
    pub(super) fn resize(&mut self, cols: u16, rows: u16) {
        if self.size != (cols, rows) {
            self.size = (cols, rows);
            self.pane.resize(cols, rows);
            // its rows are others now
            self.selection = None;
            if cols == 0 || rows == 0 {
                self.layout = Layout::default();
            }
        }
    }

    /// Marks what a search matches in the rows.
    pub(super) fn highlight(&mut self, pattern: Option<Arc<Pattern>>) {
        self.pane.highlight(pattern);
    }

    /// Lays the rows out; gives back the bytes that are missing for that.
    pub(super) fn layout(&mut self, ring: &Ring) -> Option<Range<u64>> {
        let mut fresh = self.pane.layout(ring);
        let missing = fresh.missing.clone();
        // until the bytes come what was read stays in view; where output is dropped
        // faster than anyone can read it, that is all there is to see
        if missing.is_some() && fresh.rows.len() < self.layout.rows.len() {
            fresh.rows = std::mem::take(&mut self.layout.rows);
            fresh.rows.truncate(self.size.1.into());
        }
        self.layout = fresh;
        missing
    }

    /// The rows as last laid out.
    pub(super) const fn laid_out(&self) -> &Layout {
        &self.layout
    }

    /// Whether the end is followed.
    pub(super) fn following(&self) -> bool {
        self.pane.following()
    }

    /// The last line in view, and whether the end is followed: then past every line.
    pub(super) fn position(&self) -> (u64, bool) {
        let following = self.pane.following();
        let last = self.layout.rows.last().map_or(0, |row| row.offset);
        (if following { u64::MAX } else { last }, following)
    }

    /// Scrolls by rows, up where negative.
    pub(super) fn scroll(&mut self, rows: isize) {
        self.pane.scroll(rows as i64);
    }

    /// Scrolls by pages, up where negative.
    pub(super) fn page(&mut self, pages: i64) {
        self.pane.page(pages);
    }

    /// To the first kept line.
    pub(super) fn go_top(&mut self) {
        self.pane.to_top();
    }

    /// To the end, and follows it.
    pub(super) fn go_end(&mut self) {
        self.selection = None;
        self.pane.to_end();
    }

    /// To a line.
    pub(super) fn jump(&mut self, offset: u64) {
        self.pane.jump(offset);
    }

    /// Follows the end, or holds still.
    pub(super) fn toggle_follow(&mut self) {
        if self.pane.following() {
            self.pane.hold();
        } else {
            self.go_end();
        }
    }

    /// The button goes down at a cell: a selection may begin there. What is selected
    /// stands still.
    pub(super) fn press(&mut self, x: u16, y: u16) {
        let followed = match self.selection.take() {
            Some(before) => before.followed,
            None => self.pane.following(),
        };
        let Some(place) = self.place(x, y) else {
            if followed {
                self.pane.to_end();
            }
            return;
        };
        self.pane.hold();
        self.selection = Some(Selection {
            from: place,
            to: place,
            dragging: true,
            followed,
        });
    }

    /// The mouse moves with the button down.
    pub(super) fn drag(&mut self, x: u16, y: u16) {
        let place = self.place(x, y);
        if let Some(selection) = &mut self.selection
            && selection.dragging
            && let Some(place) = place
        {
            selection.to = place;
        }
    }

    /// The button goes up: the text selected, where there is any.
    pub(super) fn release(&mut self) -> Option<String> {
        let selection = self
            .selection
            .as_mut()
            .filter(|selection| selection.dragging)?;
        selection.dragging = false;
        if selection.from == selection.to {
            self.drop_selection();
            return None;
        }
        self.selected_text()
    }

    /// Drops the selection, and follows again where it had interrupted that. Whether
    /// there was one.
    pub(super) fn drop_selection(&mut self) -> bool {
        let Some(selection) = self.selection.take() else {
            return false;
        };
        if selection.followed {
            self.pane.to_end();
        }
        true
    }

    /// The selected text, as far as its rows are in view.
    pub(super) fn selected_text(&self) -> Option<String> {
        self.selection?;
        let rows = self.layout.rows.iter();
        let text = joined(rows.filter_map(|row| {
            let columns = self.selected(row)?;
            Some((row, slice(&row.text(), columns)))
        }));
        (!text.is_empty()).then_some(text)
    }

    /// All text in view.
    pub(super) fn visible_text(&self) -> String {
        let rows = self.layout.rows.iter();
        let output = rows.filter(|row| row.kind == RowKind::Text);
        joined(output.map(|row| (row, row.text())))
    }

    /// The columns of a row that are selected.
    pub(super) fn selected(&self, row: &Row) -> Option<Range<u16>> {
        let selection = self.selection?;
        let (from, to) = (
            selection.from.min(selection.to),
            selection.from.max(selection.to),
        );
        let here = (row.offset, row.part);
        if row.kind != RowKind::Text
            || from == to
            || here < (from.offset, from.part)
            || here > (to.offset, to.part)
        {
            return None;
        }
        let start = if here == (from.offset, from.part) {
            from.column
        } else {
            0
        };
        let end = if here == (to.offset, to.part) {
            to.column + 1
        } else {
            u16::MAX
        };
        Some(start..end)
    }

    fn place(&self, x: u16, y: u16) -> Option<Place> {
        let rows = &self.layout.rows;
        let row = rows.get(usize::from(y)).or_else(|| rows.last())?;
        Some(Place {
            offset: row.offset,
            part: row.part,
            column: x,
        })
    }
}

/// Rows as text: a line feed after each but those that go on in the next.
fn joined<'a>(rows: impl Iterator<Item = (&'a Row, String)>) -> String {
    let mut text = String::new();
    for (row, part) in rows {
        if row.wrapped {
            text.push_str(&part);
        } else {
            text.push_str(part.trim_end());
            text.push('\n');
        }
    }
    text
}

/// The part of a row's text that covers these columns.
fn slice(text: &str, columns: Range<u16>) -> String {
    let mut at = 0;
    let covered = text.graphemes(true).filter(|grapheme| {
        let begin = at;
        at += width(grapheme);
        begin < usize::from(columns.end) && at > usize::from(columns.start)
    });
    covered.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_keeps_whole_graphemes() {
        assert_eq!(slice("a日b", 1..2), "日");
        assert_eq!(slice("a日b", 2..u16::MAX), "日b");
        assert_eq!(slice("abc", 5..9), "");
    }
}
