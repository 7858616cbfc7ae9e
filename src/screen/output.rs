//! The shown output: which run's, where it is scrolled to, what the mouse selected.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;

use super::reading::Reading;
use super::text::width;
use super::transcript::{Ink, Only, TalkPane, Transcript};
use crate::core::id::RunId;
use crate::core::place::Standing;
use crate::output::{Hits, Layout, Pattern, Ring, Row, RowKind};

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
    pane: Reading,
    layout: Layout,
    selection: Option<Selection>,
    /// Whether conversations are shown as they were written.
    pub(super) raw: bool,
    size: (u16, u16),
    /// Where a person stopped reading, for runs that are not shown; conversations apart.
    left: BTreeMap<(RunId, bool), Reading>,
}

impl Default for View {
    fn default() -> Self {
        Self {
            run: None,
            pane: Reading::new(false, 0, 0),
            layout: Layout::default(),
            selection: None,
            raw: false,
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

    /// Whether it is shown as a conversation.
    pub(super) const fn talks(&self) -> bool {
        matches!(self.pane, Reading::Talk(_))
    }

    /// Whether something that folds is chosen.
    pub(super) const fn has_chosen(&self) -> bool {
        match &self.pane {
            Reading::Talk(pane) => pane.has_chosen(),
            Reading::Raw(_) => false,
        }
    }

    /// What of the conversation in view is shown.
    pub(super) const fn only(&self) -> Only {
        match &self.pane {
            Reading::Talk(pane) => pane.only(),
            Reading::Raw(_) => Only::All,
        }
    }

    /// The conversation in view.
    pub(super) const fn talk(&mut self) -> Option<&mut TalkPane> {
        match &mut self.pane {
            Reading::Talk(pane) => Some(pane),
            Reading::Raw(_) => None,
        }
    }

    /// Where a person stands in outputs, or in conversations, the shown one last.
    pub(super) fn places(&self, talks: bool) -> Vec<(RunId, Standing)> {
        let left = self.left.iter().map(|(key, pane)| (*key, pane));
        // a selection holds an output that is followed
        let follows = self.selection.is_some_and(|selection| selection.followed);
        let shown = self.run.filter(|_| !follows);
        let shown = shown.map(|run| ((run, self.talks()), &self.pane));
        left.chain(shown)
            .filter(|((_, talk), _)| *talk == talks)
            .filter_map(|((run, _), pane)| Some((run, pane.place()?)))
            .collect()
    }

    /// Stands there when that is shown.
    pub(super) fn resume(&mut self, talks: bool, places: &[(RunId, Standing)]) {
        let (cols, rows) = self.size;
        for (run, place) in places.iter().rev().take(REMEMBERED) {
            let pane = Reading::at(talks, *place, cols, rows);
            self.left.insert((*run, talks), pane);
        }
    }

    /// Marks what a search matches when that is shown, and seeks it in a conversation.
    pub(super) fn mark(&mut self, run: RunId, talks: bool, seek: (u64, &Arc<Pattern>)) {
        let (cols, rows) = self.size;
        let pane = self.left.entry((run, talks));
        let pane = pane.or_insert_with(|| Reading::new(talks, cols, rows));
        let (generation, pattern) = seek;
        pane.highlight(Some(Arc::clone(pattern)));
        if let Reading::Talk(talk) = pane {
            talk.seek(Some((generation, Arc::clone(pattern))));
        }
    }

    /// Shows another run's output, or the same in the other way, from where a person left
    /// it, else from its end.
    pub(super) fn show(&mut self, run: Option<RunId>, talks: bool) {
        if run == self.run && talks == self.talks() {
            return;
        }
        let before = (self.run, self.talks());
        self.selection = None;
        self.layout = Layout::default();
        let (cols, rows) = self.size;
        let left = run.and_then(|run| self.left.remove(&(run, talks)));
        let mut pane = left.unwrap_or_else(|| Reading::new(talks, cols, rows));
        pane.resize(cols, rows);
        let mut left = std::mem::replace(&mut self.pane, pane);
        left.highlight(None);
        if let (Some(run), talks) = before
            && !left.following()
        {
            self.left.insert((run, talks), left);
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
        let Reading::Raw(pane) = &mut self.pane else {
            return None;
        };
        let mut fresh = pane.layout(ring);
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

    /// Lays the rows of a conversation out, and goes on seeking in it: what was found, and
    /// whether that goes on.
    pub(super) fn lay_out(&mut self, talk: &Transcript, ink: &Ink) -> Option<(Hits, bool)> {
        let Reading::Talk(pane) = &mut self.pane else {
            return None;
        };
        self.layout = pane.layout(talk, ink);
        pane.sought(talk, ink)
    }

    fn toggle_at(&mut self, y: u16) {
        let Reading::Talk(pane) = &mut self.pane else {
            return;
        };
        if let Some(row) = self.layout.rows.get(usize::from(y)) {
            pane.toggle_row(row);
        }
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
        self.pane.go_top();
    }

    /// To the end, and follows it.
    pub(super) fn go_end(&mut self) {
        self.selection = None;
        self.pane.go_end();
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
                self.pane.go_end();
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

    /// The button goes up: the text selected, where there is any. What is clicked folds and
    /// unfolds, where something does.
    pub(super) fn release(&mut self, y: u16) -> Option<String> {
        let selection = self
            .selection
            .as_mut()
            .filter(|selection| selection.dragging)?;
        selection.dragging = false;
        if selection.from == selection.to {
            self.drop_selection();
            self.toggle_at(y);
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
            self.pane.go_end();
        }
        true
    }

    /// The selected text, as far as its rows are in view.
    pub(super) fn selected_text(&self) -> Option<String> {
        self.selection?;
        let rows = self.layout.rows.iter();
        let text = joined(rows.filter_map(|row| {
            let mut columns = self.selected(row)?;
            columns.start = columns.start.max(row.lead);
            Some((row, slice(&row.text(), columns)))
        }));
        (!text.is_empty()).then_some(text)
    }

    /// All text in view.
    pub(super) fn visible_text(&self) -> String {
        let rows = self.layout.rows.iter();
        let output = rows.filter(|row| row.kind == RowKind::Text);
        joined(output.map(|row| (row, slice(&row.text(), row.lead..u16::MAX))))
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
