//! Which tasks the list shows, and which is selected.
//!
//! Above stand, by number, those that are under way, those that ended and most want a
//! person, and what ended under this screen's eyes; below them those that wait in line, as
//! they come; then the history, newest first, folded into one row. However many are unread
//! or wait, what is under way is not lost among them.
//!
//! What a person looks at stays where it is: a task leaves its place above when the
//! history is folded again, and else only where there are too many. One that waited and
//! ended where it is selected keeps its place in the line until the selection goes on.

use super::above::Above;
use super::filter::Filter;
use super::line::Line;
use super::rows::{Row, Rows};
use crate::core::engine::{Engine, Turn};
use crate::core::id::TaskId;
use crate::core::place;

/// The task list.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says something of its own"
)]
pub(in crate::screen) struct List {
    pub(super) selected: Option<Row>,
    /// A task to be shown, whatever hides it.
    pub(super) asked: Option<TaskId>,
    /// The tasks above the history.
    pub(super) above: Above,
    /// Those that wait in line, whether a filter shows them or not.
    pub(super) line: Line,
    /// One that waited and ended while it was selected, and the turn it had.
    pub(super) held: Option<(TaskId, i64)>,
    pub(super) unfolded: bool,
    /// Whether the rows are a tree.
    pub(super) tree: bool,
    pub(super) filter: Option<Filter>,
    pub(super) rows: Rows,
    /// The task that has a row whatever the filter says, for it was selected.
    pub(super) spared: Option<TaskId>,
    /// Tasks in the history, and how many of them want a person.
    pub(super) history: usize,
    pub(super) unread: usize,
    /// After how many changes of the herd the rows are true.
    pub(super) changes: Option<u64>,
    /// Whether the rows have to be made anew all the same.
    pub(super) stale: bool,
    /// The row that is drawn first, and how many have room.
    pub(super) top: usize,
    pub(super) room: usize,
    /// Whether the selected row has to come into view.
    pub(super) reveal: bool,
    /// Where the task stood among those that want a person that was selected as the last.
    pub(super) sought: Option<Turn>,
}

impl List {
    /// The selected task; none where the row that folds is selected, or there is no row.
    pub(in crate::screen) const fn selected(&self) -> Option<TaskId> {
        match self.selected {
            Some(Row::Task(id)) => Some(id),
            _ => None,
        }
    }

    /// Whether this row is selected.
    pub(in crate::screen) fn is_selected(&self, row: Row) -> bool {
        self.selected == Some(row)
    }

    /// How many rows there are.
    pub(in crate::screen) const fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many tasks are in the history, and whether it is unfolded.
    pub(in crate::screen) const fn history(&self) -> (usize, bool) {
        (self.history, self.unfolded)
    }

    /// How many tasks of the history want a person.
    pub(in crate::screen) const fn unread(&self) -> usize {
        self.unread
    }

    /// The filter that stands.
    pub(in crate::screen) const fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    /// Whether one stands that asks anything.
    pub(super) fn is_filtered(&self) -> bool {
        let filter = self.filter.as_ref();
        filter.is_some_and(|filter| !filter.is_empty())
    }

    /// The same, to ask it what to mark.
    pub(in crate::screen) const fn filter_mut(&mut self) -> Option<&mut Filter> {
        self.filter.as_mut()
    }

    /// The rows in view.
    pub(in crate::screen) fn in_view(&self) -> impl Iterator<Item = Row> + '_ {
        (self.top..self.top + self.room).map_while(|at| self.rows.get(at))
    }

    /// Selects a task, wherever it is: what hides it gives way.
    pub(in crate::screen) const fn select(&mut self, id: TaskId) {
        self.asked = Some(id);
        self.selected = Some(Row::Task(id));
        self.reveal = true;
    }

    /// Where a person is in it.
    pub(in crate::screen) fn place(&self) -> place::List {
        let filter = self.filter.as_ref();
        let filter = filter.filter(|filter| filter.text().len() <= place::LONGEST);
        place::List {
            selected: self.selected,
            filter: filter.map(|filter| (filter.text().to_owned(), filter.origin)),
            unfolded: self.unfolded,
            // those that are active then are above anyway
            kept: self.above.by_stay().take(place::TASKS).collect(),
            top: self.top,
            tree: self.tree,
        }
    }

    /// Goes there, before anything is shown.
    pub(in crate::screen) fn resume(&mut self, place: place::List) {
        self.selected = place.selected;
        self.filter = place
            .filter
            .map(|(text, origin)| Filter::new(&text, origin));
        self.unfolded = place.unfolded;
        self.tree = place.tree;
        self.above.resume(place.kept);
        // it may have ended meanwhile, and stays where it is looked at
        if let Some(id) = self.selected()
            && !self.unfolded
            && self.filter.is_none()
        {
            self.above.stay(id);
        }
        self.top = place.top;
        self.reveal = false;
        self.stale = true;
    }

    /// What is selected where nothing was, or what was is gone: its neighbour; at first
    /// who most wants a person, else the newest.
    pub(super) fn instead(&self, engine: &Engine, was: Option<usize>) -> Option<Row> {
        let last = self.rows.len().checked_sub(1)?;
        let is_here = |row: &Row| self.rows.position(*row).is_some();
        if let Some(filter) = &self.filter {
            let origin = filter.origin.filter(is_here);
            return origin.or_else(|| self.rows.get(was.map_or(0, |was| was.min(last))));
        }
        if let Some(was) = was {
            let row = self.rows.get(was.min(last));
            return match row {
                Some(Row::Fold) if was > 0 => self.rows.get(was - 1),
                row => row,
            };
        }
        let newest = || self.above.ids().last().copied();
        let newest = || newest().or_else(|| engine.tasks().next_back().map(|task| task.id));
        let urgent = engine.urgent_ids().next_back();
        let first = urgent.or_else(newest).map(Row::Task);
        first.filter(is_here).or_else(|| self.rows.get(0))
    }

    /// Moves the selection by so many rows; stays within the list.
    pub(in crate::screen) fn step(&mut self, by: isize) {
        if let Some(at) = self.selected.and_then(|row| self.rows.position(row)) {
            self.select_at(at.saturating_add_signed(by).min(self.rows.len() - 1));
        }
    }

    /// Selects the row at a place, where there is one.
    pub(in crate::screen) fn select_at(&mut self, at: usize) -> Option<Row> {
        let row = self.rows.get(at)?;
        self.selected = Some(row);
        self.reveal = true;
        Some(row)
    }

    /// Selects the row so far below the first in view.
    pub(in crate::screen) fn select_in_view(&mut self, row: usize) -> Option<Row> {
        self.select_at(self.top + row)
    }

    /// Moves what is in view by so many rows, the selection left alone.
    pub(in crate::screen) const fn scroll(&mut self, by: isize) {
        self.top = self.top.saturating_add_signed(by);
        self.reveal = false;
    }

    /// Has the selected row come into view.
    pub(in crate::screen) const fn reveal(&mut self) {
        self.reveal = true;
    }

    /// Settles which rows are drawn, where so many have room.
    pub(in crate::screen) fn settle(&mut self, room: usize) {
        self.room = room;
        if self.reveal
            && let Some(at) = self.selected.and_then(|row| self.rows.position(row))
        {
            self.top = self.top.min(at).max((at + 1).saturating_sub(room));
        }
        self.top = self.top.min(self.rows.len().saturating_sub(room));
    }

    /// Has the history unfolded from the beginning.
    pub(in crate::screen) const fn begin_unfolded(&mut self) {
        self.unfolded = true;
    }

    /// Unfolds the history, or folds it and with it what only stayed above it.
    pub(in crate::screen) fn toggle_fold(&mut self) {
        self.unfolded = !self.unfolded;
        self.stale = true;
        self.reveal = true;
        if self.unfolded {
            // half a view of what comes to light comes into view
            let fold = self.rows.position(Row::Fold);
            let row = fold.map_or(0, |fold| fold + 1);
            self.top = self.top.max(row.saturating_sub(self.room.div_ceil(2)));
            return;
        }
        let selected = self.selected();
        let stays = |id| self.above.contains(id) || self.line.position(id).is_some();
        if !selected.is_none_or(stays) {
            self.selected = Some(Row::Fold);
        }
        self.above.fold(self.selected());
    }

    /// Makes the rows a tree, or a list again. Whether they are one now.
    pub(in crate::screen) const fn toggle_tree(&mut self) -> bool {
        self.tree = !self.tree;
        self.stale = true;
        self.reveal = true;
        self.tree
    }

    /// Under how many others a task stands in the tree.
    pub(in crate::screen) fn depth(&self, id: TaskId) -> u16 {
        self.rows.tree().map_or(0, |tree| tree.depth(id))
    }

    /// Which place in line a task has, the first being 1, and how many there are.
    pub(in crate::screen) fn place_in_line(&self, id: TaskId) -> Option<(usize, usize)> {
        let at = self.line.position(id)?;
        Some((at + 1, self.line.len()))
    }

    /// Filters by what was typed.
    pub(in crate::screen) fn filter_by(&mut self, text: &str) {
        match &mut self.filter {
            Some(filter) => filter.set(text),
            None => self.filter = Some(Filter::new(text, self.selected)),
        }
        // what was selected before it, where that matches, else the first that does
        self.selected = None;
        self.top = 0;
        self.reveal = true;
        self.stale = true;
    }

    /// Drops the filter; `back` to what was selected before it. Whether there was one.
    pub(in crate::screen) fn drop_filter(&mut self, back: bool) -> bool {
        let Some(filter) = self.filter.take() else {
            return false;
        };
        let row = if back { filter.origin } else { self.selected };
        match row.or(filter.origin) {
            Some(Row::Task(id)) => self.select(id),
            row => self.selected = row,
        }
        self.reveal = true;
        self.stale = true;
        true
    }

    /// Selects the next task after the selected one that wants a person, from the top
    /// again at the end. Whether there was one.
    pub(in crate::screen) fn attention(&mut self, engine: &Engine) -> bool {
        let selected = self.selected();
        let is_selected = |it: &Turn| Some(it.2.0) == selected;
        // one that was read by being looked at wants nobody any more: on from where it stood
        let stood = engine.turns().find(is_selected);
        let stood = stood.or(self.sought.filter(is_selected));
        let mut all = engine.turns();
        let after = stood.and_then(|stood| all.find(|it| *it < stood));
        let Some(next) = after.or_else(|| engine.turns().next()) else {
            return false;
        };
        self.sought = Some(next);
        self.select(next.2.0);
        true
    }
}
