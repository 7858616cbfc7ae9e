//! Rows and filters by themselves.

use proptest::prelude::*;

use super::rows::{Row, Rows};
use crate::core::id::TaskId;

proptest! {
    /// Every row is found where it stands.
    #[test]
    fn rows_are_where_they_are_found(
        above in proptest::collection::btree_set(0u32..100, 0..20),
        below in proptest::collection::btree_set(100u32..200, 0..20),
        fold: bool,
    ) {
        let above: Vec<TaskId> = above.into_iter().map(TaskId).collect();
        let history: Vec<TaskId> = below.into_iter().map(TaskId).collect();
        let rows = Rows::new(above.clone(), fold, history.clone());
        prop_assert_eq!(rows.len(), above.len() + history.len() + usize::from(fold));
        for at in 0..rows.len() {
            let row = rows.get(at).unwrap();
            prop_assert_eq!(rows.position(row), Some(at));
        }
        prop_assert_eq!(rows.get(rows.len()), None);
        prop_assert_eq!(rows.position(Row::Task(TaskId(999))), None);
        prop_assert_eq!(rows.position(Row::Fold).is_some(), fold);
    }
}
