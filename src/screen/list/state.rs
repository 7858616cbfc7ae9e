//! Which tasks the list shows, and which is selected.
//!
//! Above stand, by number, those that are active, those that ended and most want a person,
//! and what ended under this screen's eyes; below them the history, newest first, folded
//! into one row. However many are unread, what is active is not lost among them.
//!
//! What a person looks at stays where it is: a task leaves its place above when the
//! history is folded again, and else only where there are too many.

use std::collections::BTreeSet;

use super::above::Above;
use super::filter::Filter;
use super::rows::{Part, Row, Rows};
use crate::core::attention::Attention;
use crate::core::engine::Engine;
use crate::core::id::TaskId;
use crate::core::place;

/// The task list.
#[derive(Debug, Default)]
pub(in crate::screen) struct List {
    selected: Option<Row>,
    /// A task to be shown, whatever hides it.
    asked: Option<TaskId>,
    /// The tasks above the history.
    above: Above,
    unfolded: bool,
    filter: Option<Filter>,
    rows: Rows,
    /// The task that has a row whatever the filter says, for it was selected.
    spared: Option<TaskId>,
    /// Tasks in the history, and how many of them want a person.
    history: usize,
    unread: usize,
    /// After how many changes of the herd the rows are true.
    changes: Option<u64>,
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

    /// The filter that stands.
    pub(in crate::screen) const fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    /// Whether one stands that asks anything.
    fn is_filtered(&self) -> bool {
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
        }
    }

    /// Goes there, before anything is shown.
    pub(in crate::screen) fn resume(&mut self, place: place::List) {
        self.selected = place.selected;
        self.filter = place
            .filter
            .map(|(text, origin)| Filter::new(&text, origin));
        self.unfolded = place.unfolded;
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

    /// Follows what the engine has become: what has changed since is put into its place,
    /// the rest is not looked at.
    pub(in crate::screen) fn refresh(&mut self, engine: &Engine) {
        let mut moved = BTreeSet::new();
        let changed = self
            .changes
            .and_then(|since| engine.changed_since(since))
            .map(|changed| moved.extend(changed));
        self.changes = Some(engine.changes());
        self.stale |= changed.is_none();
        if let Some(filter) = &mut self.filter {
            if changed.is_none() {
                filter.all_changed(engine);
            }
            for id in &moved {
                filter.changed(engine, *id);
            }
        }
        let selected = self.selected();
        let alone = self.selected.is_none() && !self.unfolded;
        let mut settled = self.above.settle(engine, selected, alone, &mut moved);
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
                self.above.keep(id, selected, &mut moved);
                settled = true;
            }
        }
        if self.spared != selected {
            moved.extend([self.spared, selected].into_iter().flatten());
            self.spared = selected;
        }
        if settled || self.stale {
            self.count(engine);
        }
        if self.stale || !moved.is_empty() {
            self.update_rows(engine, &moved);
        }
    }

    /// Counts what is in the history.
    fn count(&mut self, engine: &Engine) {
        let above = self.above.ids();
        self.history = engine.tasks().len().saturating_sub(above.len());
        let above = above.iter().filter_map(|id| engine.task(*id));
        let unread = above.filter(|task| task.attention != Attention::None);
        self.unread = engine.attention_ids().len().saturating_sub(unread.count());
    }

    /// Where a task has its row.
    fn part(&mut self, engine: &Engine, id: TaskId) -> Part {
        let Some(task) = engine.task(id) else {
            return Part::Nowhere;
        };
        let is_above = self.above.contains(id);
        let has_row = match self.filter.as_mut().filter(|filter| !filter.is_empty()) {
            // a row never goes from under the cursor by itself
            Some(filter) => filter.lets(task) || self.spared == Some(id),
            None => is_above || self.unfolded,
        };
        match (has_row, is_above) {
            (true, true) => Part::Above,
            (true, false) => Part::History,
            (false, _) => Part::Nowhere,
        }
    }

    /// The rows, made of nothing.
    fn made_anew(&mut self, engine: &Engine) -> Rows {
        let mut above = Vec::new();
        let mut history = Vec::new();
        if self.unfolded || self.filter.is_some() {
            for id in engine.tasks().map(|task| task.id) {
                match self.part(engine, id) {
                    Part::Above => above.push(id),
                    Part::History => history.push(id),
                    Part::Nowhere => {}
                }
            }
        } else {
            above.extend(self.above.ids());
        }
        Rows::new(above, false, history)
    }

    /// Gives those that moved their rows, or makes all anew; keeps the selection on one of
    /// them, and that where it is in view.
    fn update_rows(&mut self, engine: &Engine, moved: &BTreeSet<TaskId>) {
        let at = self.selected.and_then(|row| self.rows.position(row));
        let anchor = match at {
            Some(at) if (self.top..self.top + self.room).contains(&at) => Some(at),
            _ => (self.top > 0).then_some(self.top),
        };
        let anchor = anchor.and_then(|was| Some((was, self.rows.get(was)?)));
        if std::mem::take(&mut self.stale) {
            self.rows = self.made_anew(engine);
        } else {
            for id in moved {
                let part = self.part(engine, *id);
                self.rows.put(*id, part);
            }
        }
        self.rows.set_fold(!self.is_filtered() && self.history > 0);
        if let Some((was, row)) = anchor
            && let Some(now) = self.rows.position(row)
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

    /// Whether the rows are what they would be made of nothing, a filter's matches those of
    /// one that knows nothing, and the history as long as it is counted.
    #[cfg(test)]
    pub(in crate::screen) fn is_true(&mut self, engine: &Engine) -> bool {
        let fresh = self.filter.as_ref();
        let fresh = fresh.map(|filter| Filter::new(filter.text(), filter.origin));
        let kept = std::mem::replace(&mut self.filter, fresh);
        let mut rows = self.made_anew(engine);
        rows.set_fold(!self.is_filtered() && self.history > 0);
        let fresh = std::mem::replace(&mut self.filter, kept);
        let matches = |filter: Option<&Filter>| filter.map(Filter::matches);
        let is_same = matches(fresh.as_ref()) == matches(self.filter.as_ref());
        let counts = (self.history, self.unread);
        self.count(engine);
        let is_counted = counts == (self.history, self.unread);
        rows == self.rows && (is_same || !self.is_filtered()) && is_counted
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
            let row = self.above.ids().len() + 1;
            self.top = self.top.max(row.saturating_sub(self.room.div_ceil(2)));
            return;
        }
        let selected = self.selected();
        if !selected.is_none_or(|id| self.above.contains(id)) {
            self.selected = Some(Row::Fold);
        }
        self.above.fold(self.selected());
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
