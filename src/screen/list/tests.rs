//! Rows and filters by themselves.

use proptest::prelude::*;

use super::line::Line;
use super::rows::{Row, Rows};
use crate::core::id::TaskId;

proptest! {
    /// Every row is found where it stands.
    #[test]
    fn rows_are_where_they_are_found(
        above in proptest::collection::btree_set(0u32..100, 0..20),
        below in proptest::collection::btree_set(100u32..200, 0..20),
        fold: bool,
        line in proptest::collection::btree_map(200u32..300, -9i64..9, 0..20),
    ) {
        let above: Vec<TaskId> = above.into_iter().map(TaskId).collect();
        let history: Vec<TaskId> = below.into_iter().map(TaskId).collect();
        let line: Vec<_> = line.into_iter().map(|(id, turn)| (turn, TaskId(id))).collect();
        let all = above.len() + line.len() + history.len() + usize::from(fold);
        let mut rows = Rows::new(above, Line::new(line), history);
        rows.set_fold(fold);
        prop_assert_eq!(rows.len(), all);
        for at in 0..rows.len() {
            let row = rows.get(at).unwrap();
            prop_assert_eq!(rows.position(row), Some(at));
        }
        prop_assert_eq!(rows.get(rows.len()), None);
        prop_assert_eq!(rows.position(Row::Task(TaskId(999))), None);
        prop_assert_eq!(rows.position(Row::Fold).is_some(), fold);
    }
}
