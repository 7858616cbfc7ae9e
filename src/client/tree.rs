//! Tasks as a tree: each under the one that it waits for, or that launched it.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::id::TaskId;
use crate::core::report::TaskReport;

/// What stands before a name, for each level.
const INDENT: &str = "  ";
/// What stands right before the name of one that is under another.
const BRANCH: &str = "└ ";

/// The same tasks in the order of a tree, with their names indented. Those that are under
/// none stay in their order.
pub(super) fn of(tasks: &[TaskReport]) -> Vec<TaskReport> {
    let listed: BTreeMap<TaskId, usize> = (0..tasks.len()).map(|at| (tasks[at].id, at)).collect();
    let mut below: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut roots = Vec::new();
    for (at, task) in tasks.iter().enumerate() {
        let above = task.after.iter().map(|after| after.task).chain(task.parent);
        let above = above.filter_map(|id| listed.get(&id)).find(|it| **it != at);
        match above {
            Some(above) => below.entry(*above).or_default().push(at),
            None => roots.push(at),
        }
    }
    let mut tree = Vec::with_capacity(tasks.len());
    let mut seen = BTreeSet::new();
    // an ended task may have been run again after one that waited for it
    let starts = roots.into_iter().chain(0..tasks.len());
    for start in starts {
        let mut open = vec![(start, 0)];
        while let Some((at, depth)) = open.pop() {
            if !seen.insert(at) {
                continue;
            }
            let mut task = tasks[at].clone();
            if depth > 0 {
                let name = format!("{}{BRANCH}{}", INDENT.repeat(depth - 1), task.name);
                task.name = name;
            }
            tree.push(task);
            let children = below.get(&at).into_iter().flatten().rev();
            open.extend(children.map(|child| (*child, depth + 1)));
        }
    }
    tree
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::detail::tests::report;
    use crate::core::plan::{After, Needs};

    fn task(id: u32, name: &str, after: &[u32], parent: Option<u32>) -> TaskReport {
        let mut task = report("queued");
        task.id = TaskId(id);
        task.name = name.into();
        let needs = Needs::Success;
        let behind = |id: &u32| After {
            task: TaskId(*id),
            needs,
        };
        task.after = after.iter().map(behind).collect();
        task.parent = parent.map(TaskId);
        task
    }

    #[test]
    fn each_stands_under_what_it_waits_for_or_came_from() {
        let tasks = [
            task(1, "build", &[], None),
            task(2, "other", &[], None),
            task(3, "test", &[1], Some(2)),
            task(4, "deploy", &[3, 2], None),
            task(5, "child", &[], Some(2)),
            task(6, "lint", &[1], None),
            task(7, "alone", &[99], Some(98)),
        ];
        let tree: Vec<String> = of(&tasks).into_iter().map(|task| task.name).collect();
        let wanted = [
            "build",
            "└ test",
            "  └ deploy",
            "└ lint",
            "other",
            "└ child",
            "alone",
        ];
        assert_eq!(tree, wanted);
    }

    #[test]
    fn a_circle_loses_nobody() {
        let tasks = [task(1, "a", &[2], None), task(2, "b", &[1], None)];
        assert_eq!(of(&tasks).len(), 2);
    }
}
