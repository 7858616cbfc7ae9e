//! How the rows follow the herd: what has changed is put into its place, the rest is not
//! looked at.

use std::collections::BTreeSet;

#[cfg(test)]
use super::filter::Filter;
use super::line::Line;
use super::rows::{Part, Rows};
use super::state::List;
use crate::core::attention::Attention;
use crate::core::engine::Engine;
use crate::core::id::TaskId;
use crate::core::task::Task;

impl List {
    /// Follows what the engine has become.
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
        let ended = self.follow_line(engine, changed.is_some().then_some(&moved));
        let alone = self.selected.is_none() && !self.unfolded && self.line.len() == 0;
        let mut settled = self
            .above
            .settle(engine, (selected, alone), &ended, &mut moved);
        if let Some((id, _)) = self.held
            && (selected != Some(id) || engine.task(id).is_none_or(Task::is_active))
        {
            self.held = None;
            moved.insert(id);
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
            if self.filter.is_none() && !self.unfolded && !task.in_line() {
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

    /// Follows who waits in line; whatever changed is in `changed`, where that is known.
    /// Who waited and has ended.
    fn follow_line(&mut self, engine: &Engine, changed: Option<&BTreeSet<TaskId>>) -> Vec<TaskId> {
        let has_ended = |id: &TaskId| engine.task(*id).is_some_and(|task| !task.is_active());
        let waited = |id: &TaskId| self.line.position(*id).is_some();
        let ended: Vec<TaskId> = match changed {
            Some(changed) => {
                let ended = changed.iter().copied().filter(has_ended);
                ended.filter(waited).collect()
            }
            None => self.line.iter().filter(has_ended).collect(),
        };
        if let Some(id) = self.selected().filter(|id| ended.contains(id)) {
            self.held = self.line.turn(id).map(|turn| (id, turn));
        }
        let turn = |task: &Task| task.in_line().then(|| task.turn());
        if let Some(changed) = changed {
            for id in changed {
                self.line.put(*id, engine.task(*id).and_then(turn));
            }
        } else {
            let all = engine.queued();
            let all = all.filter_map(|task| Some((turn(task)?, task.id)));
            self.line = Line::new(all.collect());
        }
        ended
    }

    /// Counts what is in the history.
    fn count(&mut self, engine: &Engine) {
        let above = self.above.ids();
        let others = above.len() + self.line.len();
        self.history = engine.tasks().len().saturating_sub(others);
        let above = above.iter().filter_map(|id| engine.task(*id));
        let unread = above.filter(|task| task.attention != Attention::None);
        self.unread = engine.attention_ids().len().saturating_sub(unread.count());
    }

    /// Where a task has its row.
    fn part(&mut self, engine: &Engine, id: TaskId) -> Part {
        let Some(task) = engine.task(id) else {
            return Part::Nowhere;
        };
        let held = self.held.filter(|(held, _)| *held == id);
        let turn = held.map(|(_, turn)| turn);
        let turn = turn.or_else(|| task.in_line().then(|| task.turn()));
        let is_above = self.above.contains(id);
        let has_row = match self.filter.as_mut().filter(|filter| !filter.is_empty()) {
            // a row never goes from under the cursor by itself
            Some(filter) => filter.lets(task) || self.spared == Some(id),
            None => is_above || self.unfolded || turn.is_some(),
        };
        match (has_row, turn) {
            (false, _) => Part::Nowhere,
            (true, Some(turn)) => Part::Line(turn),
            (true, None) if is_above => Part::Above,
            (true, None) => Part::History,
        }
    }

    /// The rows, made of nothing.
    fn made_anew(&mut self, engine: &Engine) -> Rows {
        let (mut above, mut line, mut history) = (Vec::new(), Vec::new(), Vec::new());
        let ids: Vec<TaskId> = if self.unfolded || self.filter.is_some() {
            engine.tasks().map(|task| task.id).collect()
        } else {
            let held = self.held.map(|(id, _)| id);
            let above = self.above.ids().iter().copied();
            let above = above.filter(|id| Some(*id) != held);
            above.chain(self.line.iter()).chain(held).collect()
        };
        for id in ids {
            match self.part(engine, id) {
                Part::Above => above.push(id),
                Part::Line(turn) => line.push((turn, id)),
                Part::History => history.push(id),
                Part::Nowhere => {}
            }
        }
        let mut rows = Rows::new(above, Line::new(line), history);
        rows.set_fold(!self.is_filtered() && self.history > 0);
        rows.set_tree(engine, self.tree);
        rows
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
            let tree = self.rows.tree();
            let grows = |id: &TaskId| tree.is_some_and(|tree| tree.is_moved(engine, *id));
            let mut differs = moved.iter().any(grows);
            for id in moved {
                let part = self.part(engine, *id);
                differs |= self.rows.put(*id, part);
            }
            differs |= self.rows.set_fold(!self.is_filtered() && self.history > 0);
            if differs && self.tree {
                self.rows.set_tree(engine, true);
            }
        }
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
        let rows = self.made_anew(engine);
        let fresh = std::mem::replace(&mut self.filter, kept);
        let matches = |filter: Option<&Filter>| filter.map(Filter::matches);
        let is_same = matches(fresh.as_ref()) == matches(self.filter.as_ref());
        let counts = (self.history, self.unread);
        self.count(engine);
        let is_counted = counts == (self.history, self.unread);
        rows == self.rows && (is_same || !self.is_filtered()) && is_counted
    }
}
