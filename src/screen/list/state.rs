//! Which tasks the list shows, and which is selected.
//!
//! Above stand, by number, those that are active, those that ended and most want a person,
//! and what ended under this screen's eyes; below them the history, newest first, folded
//! into one row. However many are unread, what is active is not lost among them.
//!
//! What a person looks at stays where it is: a task leaves its place above when the
//! history is folded again, and else only where there are too many.

use super::filter::Filter;
use super::rows::{Row, Rows};
use crate::core::attention::Attention;
use crate::core::engine::Engine;
use crate::core::id::TaskId;
use crate::core::place;

/// Most tasks that stand above because they want a person.
const WANTING: usize = 20;
/// Most tasks that stay above only because they were there.
const KEPT: usize = 20;

/// The task list.
#[derive(Debug, Default)]
pub(in crate::screen) struct List {
    selected: Option<Row>,
    /// A task to be shown, whatever hides it.
    asked: Option<TaskId>,
    /// The tasks above the history, ascending, whether a filter shows them or not.
    above: Vec<TaskId>,
    /// Those of them that stay only because they were there, longest there first.
    kept: Vec<TaskId>,
    /// The newest task there was when that was settled.
    newest: Option<TaskId>,
    /// Who wants a person most, and how many do.
    urgent: Option<TaskId>,
    wanting: usize,
    unfolded: bool,
    filter: Option<Filter>,
    rows: Rows,
    /// Tasks in the history, and how many of them want a person.
    history: usize,
    unread: usize,
    /// As of which shape of the herd that is so.
    shape: Option<u64>,
    /// Whether the rows have to be made anew all the same.
    stale: bool,
    /// The row that is drawn first, and how many have room.
    top: usize,
    room: usize,
    /// Whether the selected row has to come into view.
    reveal: bool,
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

    /// Who wants a person most, and how many do.
    pub(in crate::screen) const fn urgent(&self) -> (Option<TaskId>, usize) {
        (self.urgent, self.wanting)
    }

    /// The filter that stands.
    pub(in crate::screen) const fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
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
        let others = self.above.iter().rev().filter(|id| !self.kept.contains(id));
        let kept: Vec<TaskId> = self.kept.iter().chain(others).copied().collect();
        place::List {
            selected: self.selected,
            filter: filter.map(|filter| (filter.text().to_owned(), filter.origin)),
            unfolded: self.unfolded,
            // those that are active then are above anyway
            kept: kept.into_iter().take(place::TASKS).collect(),
            top: self.top,
        }
    }

    /// Goes there, before anything is shown.
    pub(in crate::screen) fn resume(&mut self, place: place::List) {
        self.selected = place.selected;
        self.filter = place
            .filter
            .map(|(text, origin)| Filter::new(&text, origin));
        self.unfolded = place.unfolded;
        self.kept = place.kept;
        // it may have ended meanwhile, and stays where it is looked at
        if let Some(id) = self.selected()
            && !self.unfolded
            && self.filter.is_none()
            && !self.kept.contains(&id)
        {
            self.kept.push(id);
        }
        self.top = place.top;
        self.reveal = false;
        self.stale = true;
    }

    /// Follows what the engine has become.
    pub(in crate::screen) fn refresh(&mut self, engine: &Engine) {
        let shape = engine.shape();
        if self.shape != Some(shape) {
            self.settle_above(engine);
            self.shape = Some(shape);
            self.stale = true;
        }
        if let Some(id) = self.asked.take()
            && let Some(task) = engine.task(id)
        {
            if self
                .filter
                .as_mut()
                .is_some_and(|filter| !filter.lets(task))
            {
                self.filter = None;
                self.stale = true;
            }
            if self.filter.is_none() && !self.unfolded {
                self.keep(id);
            }
        }
        if let Some(filter) = &mut self.filter
            && filter.has_turned(engine, &self.rows, self.selected)
        {
            self.stale = true;
        }
        if self.stale {
            self.stale = false;
            self.make_rows(engine);
        }
    }

    /// Settles which tasks stand above.
    fn settle_above(&mut self, engine: &Engine) {
        let mut above: Vec<TaskId> = engine.active_ids().chain(self.wanting(engine)).collect();
        above.sort_unstable();
        above.dedup();
        let leaves = |id: &TaskId| above.binary_search(id).is_err() && engine.task(*id).is_some();
        let mut kept: Vec<TaskId> = self.kept.iter().copied().filter(leaves).collect();
        let left = self.above.iter().copied().filter(leaves);
        kept.extend(left.filter(|id| !self.kept.contains(id)));
        if self.shape.is_some() {
            // some come and go between two looks
            let unseen = engine.tasks().rev().map(|task| task.id);
            let unseen = unseen.take_while(|id| Some(*id) > self.newest).take(KEPT);
            let mut unseen: Vec<TaskId> = unseen.filter(leaves).collect();
            unseen.reverse();
            kept.extend(unseen);
        } else if above.is_empty() && self.selected.is_none() && !self.unfolded {
            kept.extend(engine.tasks().next_back().map(|task| task.id));
        }
        self.newest = engine.tasks().next_back().map(|task| task.id);
        self.kept = kept;
        drop(self.forget());
        above.extend(&self.kept);
        above.sort_unstable();
        self.above = above;
    }

    /// Those that most want a person, the later the more, and takes in how many do. None
    /// comes up from the history by itself: what is read there makes no room for others.
    fn wanting(&mut self, engine: &Engine) -> impl Iterator<Item = TaskId> + use<> {
        let all = engine.attention_ids().filter_map(|id| engine.task(id));
        let mut all: Vec<_> = all.map(|task| (task.attention, task.id)).collect();
        self.wanting = all.len();
        self.urgent = all.iter().max().map(|(_, id)| *id);
        if self.shape.is_some() {
            let is_new = |id: &TaskId| Some(*id) > self.newest;
            all.retain(|(_, id)| is_new(id) || self.above.binary_search(id).is_ok());
        }
        let rest = all.len().saturating_sub(WANTING);
        if rest > 0 {
            all.select_nth_unstable(rest);
        }
        all.into_iter().skip(rest).map(|(_, id)| id)
    }

    /// Of too many that are kept the first go, but never the selected one. Which went.
    fn forget(&mut self) -> Vec<TaskId> {
        let many = self.kept.len().saturating_sub(KEPT);
        let selected = self.selected();
        let rest = self.kept.iter().filter(|id| Some(**id) != selected);
        let gone: Vec<TaskId> = rest.take(many).copied().collect();
        self.kept.retain(|id| !gone.contains(id));
        gone
    }

    /// Has a task of the history above.
    fn keep(&mut self, id: TaskId) {
        if let Err(at) = self.above.binary_search(&id) {
            self.above.insert(at, id);
            self.kept.push(id);
            let gone = self.forget();
            self.above.retain(|id| !gone.contains(id));
            self.stale = true;
        }
    }

    /// Makes the rows, keeps the selection on one of them, and that where it is in view.
    fn make_rows(&mut self, engine: &Engine) {
        self.history = engine.tasks().len().saturating_sub(self.above.len());
        let above = self.above.iter().filter_map(|id| engine.task(*id));
        let unread = above.filter(|task| task.attention != Attention::None);
        self.unread = self.wanting.saturating_sub(unread.count());
        let asking = self.filter.as_mut().filter(|filter| !filter.is_empty());
        let rows = if let Some(filter) = asking {
            filter.rows(engine, &self.above, self.selected)
        } else {
            let rest = engine.tasks().rev().map(|task| task.id);
            let rest = rest.filter(|id| self.above.binary_search(id).is_err());
            let history = if self.unfolded {
                rest.collect()
            } else {
                Vec::new()
            };
            Rows::new(self.above.clone(), self.history > 0, history)
        };
        let before = std::mem::replace(&mut self.rows, rows);
        let at = self.selected.and_then(|row| before.position(row));
        let anchor = match at {
            Some(at) if (self.top..self.top + self.room).contains(&at) => Some(at),
            _ => (self.top > 0).then_some(self.top),
        };
        if let Some(was) = anchor
            && let Some(now) = before.get(was).and_then(|row| self.rows.position(row))
        {
            self.top = (self.top + now).saturating_sub(was);
        }
        if self
            .selected
            .is_none_or(|row| self.rows.position(row).is_none())
        {
            self.selected = self.instead(engine, at);
            self.reveal = true;
        }
    }

    /// What is selected where nothing was, or what was is gone: its neighbour; at first
    /// who most wants a person, else the newest.
    fn instead(&self, engine: &Engine, was: Option<usize>) -> Option<Row> {
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
        let newest = || self.above.last().copied();
        let newest = newest().or_else(|| engine.tasks().next_back().map(|task| task.id));
        let first = self.urgent.or(newest).map(Row::Task);
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
            let row = self.above.len() + 1;
            self.top = self.top.max(row.saturating_sub(self.room.div_ceil(2)));
            return;
        }
        let selected = self.selected();
        let is_above = |id| self.above.binary_search(&id).is_ok();
        if !selected.is_none_or(is_above) {
            self.selected = Some(Row::Fold);
        }
        let selected = self.selected();
        self.above.retain(|id| Some(*id) == selected);
        self.kept.retain(|id| Some(*id) == selected);
        // settled as if for the first time
        self.shape = None;
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
        let after = engine
            .attention_ids()
            .find(|id| Some(*id) > self.selected());
        let Some(id) = after.or_else(|| engine.attention_ids().next()) else {
            return false;
        };
        self.select(id);
        true
    }
}
