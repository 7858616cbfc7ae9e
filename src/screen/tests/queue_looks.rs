//! How the queue looks.

use super::Desk;
use super::looks::look;
use crate::core::id::{Target, TaskId};
use crate::core::plan::{Behind, Idle, Lease, Needs, Priority, Start};
use crate::core::raw::Raw;
use crate::core::shim::MARK;
use crate::core::task::Exit;
use crate::core::time::Timestamp;
use crate::core::wire::RunRequest;

const WIDE: [(u16, u16); 1] = [(200, 50)];

fn lane(name: &'static str) -> impl Fn(&mut RunRequest) {
    move |request| request.spec.lane = Some(name.into())
}

fn after(id: TaskId) -> Vec<Behind> {
    vec![Behind {
        target: Target::Id(id),
        needs: Needs::Success,
    }]
}

/// Some run, and others wait for every reason there is.
fn mix(desk: &mut Desk) {
    desk.limit("sonnet", 2);
    let lease = || {
        Some(Lease {
            dir: Raw::from("/home/ada/src/api"),
            tree: None,
        })
    };
    let parser = desk.queue("agent-parser", "claude -p 'mend the parser'", |request| {
        lane("sonnet")(request);
        request.spec.lease = lease();
        request.spec.timeout_ms = Some(3_600_000);
    });
    desk.begin(parser);
    let lexer = desk.queue("agent-lexer", "claude -p 'mend the lexer'", lane("sonnet"));
    desk.begin(lexer);
    let lint = desk.run("lint", "cargo clippy");
    let build = desk.run("build", "cargo build --release");
    desk.write(parser, "Reading src/parse.rs\n");
    desk.wait(200);
    desk.exit(lint, Exit::Code(1), 0);
    desk.queue("agent-docs", "claude -p 'write the docs'", lane("sonnet"));
    let test = desk.queue("test", "cargo nextest run", |it| it.after = after(build));
    desk.queue("deploy", "./deploy.sh staging", |it| it.after = after(test));
    desk.queue("agent-review", "claude -p 'review'", |request| {
        request.spec.lease = lease();
        request.priority = Priority::High;
    });
    desk.queue("nightly", "make nightly", |request| {
        request.start = Start::At(Timestamp(1_795_262_400_000 + 14 * 3_600_000));
        request.priority = Priority::Low;
    });
    desk.wait(40);
    desk.press("g");
}

#[test]
fn queued_mix() {
    look("queued", &WIDE, |desk| {
        mix(desk);
        desk.press("j j j j j");
    });
}

#[test]
fn running_under_terms() {
    look("terms", &[], mix);
}

#[test]
fn queue_paused() {
    look("queue_paused", &WIDE, |desk| {
        mix(desk);
        desk.press("P").requests();
        desk.start("server", "npm run dev");
        desk.press("G k");
    });
}

#[test]
fn tree() {
    look("tree", &WIDE, |desk| {
        mix(desk);
        for name in ["part-1", "part-2"] {
            let id = desk.queue(name, "claude -p part", |request| {
                request.env = vec![(MARK.into(), "/s/2.1.sock".into())];
            });
            desk.begin(id);
        }
        desk.press("t G k");
    });
}

#[test]
fn stalled() {
    look("stalled", &WIDE, |desk| {
        for number in 1..=3 {
            let id = desk.queue(&format!("agent-{number}"), "claude", |request| {
                request.spec.idle = Some(Idle {
                    after_ms: 600_000,
                    stop: false,
                });
            });
            desk.begin(id);
            desk.write(id, "thinking\n");
        }
        desk.wait(900);
        desk.write(TaskId(2), "thought\n");
        for id in [1, 3] {
            desk.report(TaskId(id), |status| status.left = 2);
        }
        desk.press("! !");
    });
}
