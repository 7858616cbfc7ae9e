//! Directories and who has them, found by path.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::os::unix::ffi::OsStrExt;

use crate::core::id::TaskId;
use crate::core::plan::Lease;

/// Leases by their directories: whoever lies above, at or below one is found without a
/// look at the rest.
#[derive(Debug, Default)]
pub(super) struct Leases {
    /// By the path's bytes, with a slash at its end: all below it lie side by side.
    by_path: BTreeMap<Vec<u8>, BTreeMap<TaskId, Lease>>,
    by_task: BTreeMap<TaskId, Vec<u8>>,
}

fn key(path: &std::path::Path) -> Vec<u8> {
    let mut key = path.as_os_str().as_bytes().to_vec();
    if key.last() != Some(&b'/') {
        key.push(b'/');
    }
    key
}

impl Leases {
    pub(super) fn insert(&mut self, id: TaskId, lease: Lease) {
        self.remove(id);
        let key = key(lease.path());
        self.by_path
            .entry(key.clone())
            .or_default()
            .insert(id, lease);
        self.by_task.insert(id, key);
    }

    pub(super) fn remove(&mut self, id: TaskId) {
        let Some(key) = self.by_task.remove(&id) else {
            return;
        };
        if let Some(at) = self.by_path.get_mut(&key) {
            at.remove(&id);
            if at.is_empty() {
                self.by_path.remove(&key);
            }
        }
    }

    /// Whose can't be had beside this one.
    pub(super) fn conflicts<'a>(&'a self, lease: &'a Lease) -> impl Iterator<Item = TaskId> + 'a {
        let own = key(lease.path());
        let above = lease.path().ancestors().skip(1).map(key);
        let above = above.filter_map(|key| self.by_path.get(&key));
        let range = (Bound::Included(own.clone()), Bound::Unbounded);
        let below = self.by_path.range::<Vec<u8>, _>(range);
        let below = below.take_while(move |(key, _)| key.starts_with(&own));
        above
            .chain(below.map(|(_, at)| at))
            .flatten()
            .filter(|(_, other)| other.conflicts(lease))
            .map(|(id, _)| *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(dir: &str) -> Lease {
        Lease {
            dir: dir.into(),
            tree: None,
        }
    }

    #[test]
    fn what_lies_above_at_or_below_is_found_and_nothing_else() {
        let mut leases = Leases::default();
        for (id, dir) in ["/", "/a", "/a/b", "/ab", "/a/b/c", "/a/bc"]
            .iter()
            .enumerate()
        {
            leases.insert(TaskId(id as u32), lease(dir));
        }
        let found = |leases: &Leases, dir: &str| {
            let lease = lease(dir);
            let mut ids: Vec<u32> = leases.conflicts(&lease).map(|id| id.0).collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!(found(&leases, "/a/b"), [0, 1, 2, 4]);
        assert_eq!(found(&leases, "/ab/x"), [0, 3]);
        assert_eq!(found(&leases, "/"), [0, 1, 2, 3, 4, 5]);
        leases.remove(TaskId(0));
        assert_eq!(found(&leases, "/x"), [0_u32; 0]);
        leases.insert(TaskId(1), lease("/x"));
        assert_eq!(found(&leases, "/a"), [2, 4, 5], "it moved");
    }
}
