//! What the tests of the queue have in common.

use std::time::Duration;

use crate::core::engine::Rules;
use crate::core::engine::tests::watch::Watch;
use crate::core::engine::tests::world::*;
use crate::core::id::{Target, TaskId};
use crate::core::input::Input;
use crate::core::limit::Limits;
use crate::core::plan::{Behind, Lease, Needs};
use crate::core::task::{AfterExit, Exit, Kind, Spec};
use crate::core::wire::{Request, RunRequest};

pub(super) fn limited(limits: Limits) -> World {
    let mut world = World::under(Rules { limits, ..rules() });
    world.watch = Some(Watch::default());
    world
}

pub(super) fn agents(most: u32) -> Limits {
    Limits {
        agents: Some(most),
        ..Limits::default()
    }
}

pub(super) fn agent(dir: Option<&str>) -> Spec {
    Spec {
        kind: Kind::Agent,
        lease: dir.map(|dir| Lease {
            dir: dir.into(),
            tree: None,
        }),
        ..spec("a", AfterExit::Sweep)
    }
}

pub(super) fn run(spec: Spec) -> RunRequest {
    RunRequest::new(spec, vec![("K".into(), "V".into())])
}

pub(super) fn after(ids: &[u32], needs: Needs) -> Vec<Behind> {
    let behind = |id: &u32| Behind {
        target: Target::Id(TaskId(*id)),
        needs,
    };
    ids.iter().map(behind).collect()
}

pub(super) fn word(world: &World, id: u32) -> &'static str {
    world.task(id).state().word()
}

pub(super) fn why(world: &World, id: u32) -> String {
    world.engine.reason(world.task(id)).unwrap_or_default()
}

impl World {
    pub(super) fn queue(&mut self, request: RunRequest) -> u32 {
        self.ask(Request::Run(Box::new(request)));
        self.write_all();
        self.engine.tasks().next_back().unwrap().id.0
    }

    /// The leader of a task starts, where it is to.
    pub(super) fn up(&mut self, id: u32) {
        let run = self.task(id).run_id();
        self.begin(run, false);
        self.report(run);
    }

    /// It ends, leaving nothing.
    pub(super) fn exit(&mut self, id: u32, code: i32) {
        self.up(id);
        let run = self.task(id).run_id();
        if let Some(sim) = self.sims.get_mut(&run) {
            sim.end_leader(Exit::Code(code), 0);
            sim.end_tree();
        }
        self.report(run);
        self.write_all();
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now += time.as_millis() as u64;
        self.input(Input::Tick);
        self.write_all();
    }
}
