//! Directories that are held.

use super::kit::*;
use crate::core::engine::tests::world::*;
use crate::core::limit::Limits;
use crate::core::plan::{Lease, Worktree};
use crate::core::task::{Exit, Spec};
use crate::core::wire::{Answer, Failure, Request, RunRequest};

#[test]
fn two_never_have_one_directory() {
    let mut world = limited(Limits::default());
    let tree = |dir: &str, root: &str| Spec {
        lease: Some(Lease {
            dir: dir.into(),
            tree: Some(Worktree {
                root: root.into(),
                repository: "/r/.git".into(),
            }),
        }),
        ..agent(None)
    };
    world.queue(run(tree("/r", "/r")));
    let inside = world.queue(run(tree("/r/src", "/r")));
    let worktree = world.queue(run(tree("/r/wt", "/r/wt")));
    let behind = world.queue(run(agent(Some("/r/src/deep"))));
    let apart = world.queue(run(agent(Some("/elsewhere"))));
    assert_eq!(
        [inside, worktree, behind, apart].map(|id| word(&world, id)),
        ["queued", "starting", "queued", "starting"]
    );
    assert_eq!(why(&world, inside), "directory held by #1: /r");
    assert_eq!(why(&world, behind), "directory held by #1: /r");
    let refused = world.ask(Request::Run(Box::new(RunRequest {
        no_wait: true,
        ..run(agent(Some("/r/src")))
    })));
    assert!(matches!(
        &world.answers[&refused][..],
        [(Answer::Failed(Failure::Failed, line), true)] if line.contains("held by #1")
    ));
    // a leader that ended has no lease any more, whatever it left behind
    world.up(1);
    let run_id = world.task(1).run_id();
    world
        .sims
        .get_mut(&run_id)
        .unwrap()
        .end_leader(Exit::Code(0), 2);
    world.report(run_id);
    world.write_all();
    assert_eq!(word(&world, 1), "stopping");
    assert_eq!(word(&world, inside), "starting");
    assert_eq!(
        why(&world, behind),
        format!("directory held by #{inside}: /r/src")
    );
}

#[test]
fn who_came_first_gets_the_directory_first() {
    let mut world = limited(Limits::default());
    world.queue(run(agent(Some("/r/a"))));
    let whole = world.queue(run(agent(Some("/r"))));
    let part = world.queue(run(agent(Some("/r/b"))));
    assert_eq!(why(&world, whole), "directory held by #1: /r/a");
    assert_eq!(
        why(&world, part),
        format!("directory wanted by #{whole}, which comes first: /r")
    );
    world.ask(revoke(whole, false));
    world.write_all();
    assert_eq!(word(&world, part), "starting");
}
