//! Who waits for nothing but a place and a directory.

use std::collections::{BTreeMap, BTreeSet};

use super::queue::Turn;
use crate::core::id::TaskId;
use crate::core::raw::Raw;

/// Those of one class that wait for nothing but a place and their directory.
#[derive(Debug, Default)]
pub(super) struct Ready {
    /// By the directory that they want, if any: of those that want the same one the first
    /// alone has to be looked at.
    groups: BTreeMap<Option<Raw>, BTreeSet<Turn>>,
    /// The first of each group that is behind nobody.
    heads: BTreeSet<Turn>,
    /// Groups that wait for their directory, and behind whom.
    pub(super) behind: BTreeMap<Raw, TaskId>,
}

impl Ready {
    /// The first of the group before.
    pub(super) fn insert(&mut self, dir: Option<Raw>, turn: Turn) -> Option<Turn> {
        let is_behind = dir
            .as_ref()
            .is_some_and(|dir| self.behind.contains_key(dir));
        let group = self.groups.entry(dir).or_default();
        let was = group.first().copied();
        group.insert(turn);
        if !is_behind && was.is_none_or(|was| turn < was) {
            if let Some(was) = was {
                self.heads.remove(&was);
            }
            self.heads.insert(turn);
        }
        was
    }

    /// Whether it was the first of its group.
    pub(super) fn remove(&mut self, dir: Option<&Raw>, turn: Turn) -> bool {
        let key = dir.cloned();
        let Some(group) = self.groups.get_mut(&key) else {
            return false;
        };
        let was_first = group.first() == Some(&turn);
        group.remove(&turn);
        let next = group.first().copied();
        if next.is_none() {
            self.groups.remove(&key);
        }
        if self.heads.remove(&turn) {
            self.heads.extend(next);
        }
        was_first
    }

    pub(super) fn put_behind(&mut self, dir: &Raw, other: TaskId) {
        if let Some(first) = self.first_of(dir) {
            self.heads.remove(&first);
            self.behind.insert(dir.clone(), other);
        }
    }

    /// Behind whom the group was, if it was.
    pub(super) fn come_forward(&mut self, dir: &Raw) -> Option<TaskId> {
        let other = self.behind.remove(dir)?;
        self.heads.extend(self.first_of(dir));
        Some(other)
    }

    pub(super) fn first_of(&self, dir: &Raw) -> Option<Turn> {
        self.groups.get(&Some(dir.clone()))?.first().copied()
    }

    pub(super) fn head(&self) -> Option<Turn> {
        self.heads.first().copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}
