//! The rows as a tree: a task under the one that it waits for, else under the one that
//! launched it.

use std::collections::{HashMap, HashSet};

use super::rows::{Part, Row};
use crate::core::engine::Engine;
use crate::core::id::TaskId;
use crate::core::plan::After;

/// Rows in the order of a tree, with how deep each stands.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tree {
    order: Vec<(Row, u16)>,
    places: HashMap<TaskId, usize>,
    fold: Option<usize>,
    /// What each shown task was to come after when this was made.
    after: HashMap<TaskId, Vec<After>>,
}

impl Tree {
    /// Of these rows, which are in the order of the list; those of one task are in that
    /// order too.
    pub(super) fn of(engine: &Engine, rows: &[(Row, Part)]) -> Self {
        let parts: HashMap<TaskId, Part> = rows
            .iter()
            .filter_map(|(row, part)| Some((task(*row)?, *part)))
            .collect();
        let mut below: HashMap<TaskId, Vec<TaskId>> = HashMap::new();
        let mut tops = Vec::new();
        let mut after = HashMap::new();
        for (row, part) in rows {
            let Some(id) = task(*row) else {
                tops.push(*row);
                continue;
            };
            match over(engine, &parts, id, *part) {
                Some(over) => below.entry(over).or_default().push(id),
                None => tops.push(*row),
            }
            let of_task = engine.task(id).map(|task| task.after.clone());
            after.extend(of_task.filter(|after| !after.is_empty()).map(|it| (id, it)));
        }
        let mut tree = Self {
            order: Vec::with_capacity(rows.len()),
            places: HashMap::with_capacity(rows.len()),
            after,
            ..Self::default()
        };
        let mut put = HashSet::with_capacity(rows.len());
        for row in tops {
            tree.grow(row, &below, &mut put);
        }
        // what launched one may wait for it when it runs again: neither is over the other
        for (row, _) in rows {
            tree.grow(*row, &below, &mut put);
        }
        tree
    }

    /// A row with all that stand under it, those left out that have their place.
    fn grow(&mut self, top: Row, below: &HashMap<TaskId, Vec<TaskId>>, put: &mut HashSet<Row>) {
        let mut next = vec![(top, 0_u16)];
        while let Some((row, depth)) = next.pop() {
            if !put.insert(row) {
                continue;
            }
            let at = self.order.len();
            self.order.push((row, depth));
            let Some(id) = task(row) else {
                self.fold = Some(at);
                continue;
            };
            self.places.insert(id, at);
            let under = below.get(&id).into_iter().flatten().rev();
            let deeper = depth.saturating_add(1);
            next.extend(under.map(|id| (Row::Task(*id), deeper)));
        }
    }

    /// Whether a task that changed may stand elsewhere now, though it is in no other part.
    pub(super) fn is_moved(&self, engine: &Engine, id: TaskId) -> bool {
        let now = engine.task(id).map_or(&[][..], |task| &task.after);
        let was = self.after.get(&id).map_or(&[][..], Vec::as_slice);
        self.places.contains_key(&id) && now != was
    }

    pub(super) fn get(&self, at: usize) -> Option<Row> {
        self.order.get(at).map(|(row, _)| *row)
    }

    pub(super) fn position(&self, row: Row) -> Option<usize> {
        match row {
            Row::Task(id) => self.places.get(&id).copied(),
            Row::Fold => self.fold,
        }
    }

    /// Under how many others a task stands.
    pub(super) fn depth(&self, id: TaskId) -> u16 {
        let at = self.places.get(&id);
        at.map_or(0, |at| self.order[*at].1)
    }
}

const fn task(row: Row) -> Option<TaskId> {
    match row {
        Row::Task(id) => Some(id),
        Row::Fold => None,
    }
}

/// The task under which one stands: of those it is to come after the newest, which is the
/// end of a chain. None of the history is over one that stands above it.
fn over(engine: &Engine, parts: &HashMap<TaskId, Part>, id: TaskId, part: Part) -> Option<TaskId> {
    let task = engine.task(id)?;
    let may_be = |other: &TaskId| match parts.get(other) {
        Some(Part::History) => part == Part::History,
        Some(_) => *other != id,
        None => false,
    };
    let after = task.after.iter().map(|after| after.task);
    after
        .filter(may_be)
        .max()
        .or_else(|| task.parent.filter(may_be))
}
