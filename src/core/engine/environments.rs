//! The environments of tasks: those launched from one place share one.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Weak};

use crate::core::id::TaskId;
use crate::core::raw::Raw;
use crate::core::record::Environment;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Environments {
    by_task: BTreeMap<TaskId, Arc<Environment>>,
    /// By a hash of their variables, so that the same one is found without a look at others.
    by_vars: HashMap<u64, Weak<Environment>>,
    hasher: RandomState,
    /// The highest number that one was ever given.
    last: u64,
}

impl Environments {
    pub(super) fn get(&self, id: TaskId) -> Option<&Arc<Environment>> {
        self.by_task.get(&id)
    }

    pub(super) fn contains(&self, id: TaskId) -> bool {
        self.by_task.contains_key(&id)
    }

    pub(super) fn remove(&mut self, id: TaskId) {
        self.by_task.remove(&id);
    }

    /// A task's leaders are given this one.
    pub(super) fn give(&mut self, id: TaskId, env: Arc<Environment>) {
        self.by_task.insert(id, env);
    }

    /// What was stored of a task's environment.
    pub(super) fn know(&mut self, id: TaskId, env: Arc<Environment>) {
        self.last = self.last.max(env.number);
        self.find_by_vars(&env);
        self.give(id, env);
    }

    /// The one of these variables: another's, where one has the same.
    pub(super) fn of(&mut self, vars: Vec<(Raw, Raw)>) -> Arc<Environment> {
        let known = self.by_vars.get(&self.hasher.hash_one(&vars));
        let known = known.and_then(Weak::upgrade);
        if let Some(same) = known.filter(|known| known.vars == vars) {
            return same;
        }
        self.last += 1;
        let env = Arc::new(Environment {
            number: self.last,
            vars,
        });
        self.find_by_vars(&env);
        env
    }

    fn find_by_vars(&mut self, env: &Arc<Environment>) {
        // those of removed tasks don't pile up
        if self.by_vars.len() > 2 * self.by_task.len() + 8 {
            self.by_vars.retain(|_, known| known.strong_count() > 0);
        }
        let hash = self.hasher.hash_one(&env.vars);
        self.by_vars.insert(hash, Arc::downgrade(env));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars(place: u32) -> Vec<(Raw, Raw)> {
        vec![("PLACE".into(), place.to_string().into())]
    }

    #[test]
    fn the_same_variables_are_one_and_its_number_is_never_used_again() {
        let mut all = Environments::default();
        let first = all.of(vars(1));
        all.give(TaskId(1), Arc::clone(&first));
        assert!(Arc::ptr_eq(&first, &all.of(vars(1))));
        let known = Arc::new(Environment {
            number: 7,
            vars: vars(2),
        });
        all.know(TaskId(2), Arc::clone(&known));
        assert!(Arc::ptr_eq(&known, &all.of(vars(2))));
        all.remove(TaskId(2));
        drop(known);
        assert_eq!(all.of(vars(2)).number, 8);
    }

    #[test]
    fn those_of_removed_tasks_are_forgotten() {
        let mut all = Environments::default();
        for place in 1..=1_000 {
            let env = all.of(vars(place));
            all.give(TaskId(place), env);
            all.remove(TaskId(place));
        }
        assert!(all.by_vars.len() < 20, "{}", all.by_vars.len());
    }
}
