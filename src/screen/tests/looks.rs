//! How the screen looks. `INSTA_UPDATE=always` renews the pictures; look at them.

use super::herd::spec;
use super::{Desk, key};
use crate::core::attention::Attention;
use crate::core::id::TaskId;
use crate::core::input::Input;
use crate::core::record::Change;
use crate::core::shim::SpawnFailure;
use crate::core::task::Exit;
use crate::screen::{Depth, Look};

const SIZES: [(u16, u16); 2] = [(80, 24), (40, 10)];

/// One picture in each size, and what else is asked for.
pub(super) fn look(name: &str, extra: &[(u16, u16)], scene: impl Fn(&mut Desk)) {
    for (cols, rows) in SIZES.iter().chain(extra) {
        let mut desk = Desk::new(*cols, *rows);
        scene(&mut desk);
        desk.draw();
        insta::assert_snapshot!(format!("{name}_{cols}x{rows}"), desk.text());
    }
}

/// A task in every state there is.
fn mixed(desk: &mut Desk) {
    let server = desk.run("web-server", "npm run dev");
    let lint = desk.run("lint", "cargo clippy --all-targets -- -D warnings");
    let test = desk.run("test", "cargo nextest run");
    desk.wait(12);
    desk.exit(lint, Exit::Code(101), 0);
    desk.exit(test, Exit::Code(0), 0);
    let crash = desk.run("fuzz", "./fuzz --seed 7");
    let daemon = desk.run("deploy", "./deploy.sh staging");
    desk.wait(95);
    desk.exit(crash, Exit::Signal(11), 0);
    desk.exit(daemon, Exit::Code(4), 1);
    let paused = desk.run(
        "agent-refactor-the-parser",
        "claude -p 'refactor the parser'",
    );
    desk.report(paused, |status| status.paused = true);
    let missing = desk.start("typo", "gti status");
    desk.report(missing, |status| {
        status.failed = Some(SpawnFailure {
            reason: "cannot run gti: not found in PATH; check the spelling".into(),
        });
        status.empty = true;
        status.drained = true;
    });
    desk.wait(3_700);
    let build = desk.run("build", "cargo build --release");
    desk.write(
        build,
        "   \x1b[32mCompiling\x1b[0m proc-macro2 v1.0.95\n   \x1b[32mCompiling\x1b[0m serde v1.0.219\n\
         \x1b[33mwarning\x1b[0m: unused variable: `x`\n  --> src/main.rs:4:9\n",
    );
    let stop = desk.run("tail", "tail -f log");
    desk.start("next", "make");
    desk.wait(5);
    desk.revoke(stop);
    desk.stopping(stop, Some(10));
    desk.wait(3);
    desk.press("g");
    let _ = server;
}

#[test]
fn empty() {
    look("empty", &[(200, 50)], |_| {});
}

#[test]
fn mixed_states() {
    look("mixed", &[(200, 50)], mixed);
}

/// Before all that, a thousand tasks that are forgotten, and some that nobody has read.
fn long_ago(desk: &mut Desk) {
    for number in 1001..=2040 {
        let mut spec = spec(&format!("nightly-{number}"), "make nightly");
        spec.labels = vec!["ci".into()];
        let attention = match number {
            1100..1105 => Attention::FailedUnread,
            _ => Attention::None,
        };
        desk.recover(number, attention, spec);
    }
    desk.reopen();
    let build = desk.run("build", "cargo build --release");
    desk.write(build, "   Compiling serde v1.0.219\n");
    desk.run("web-server", "npm run dev");
    desk.wait(5);
    desk.press("G k");
}

#[test]
fn history_folded() {
    look("history", &[(200, 50)], |desk| {
        long_ago(desk);
        desk.press("j");
    });
}

#[test]
fn history_unfolded() {
    look("unfolded", &[], |desk| {
        long_ago(desk);
        desk.draw();
        desk.press("z j j");
    });
}

#[test]
fn filter_typed() {
    look("filter", &[(200, 50)], |desk| {
        long_ago(desk);
        desk.press("/").type_in("nght 204");
    });
}

#[test]
fn filter_kept() {
    look("filtered", &[], |desk| {
        long_ago(desk);
        desk.press("/").type_in("state:failed").press("Enter j");
    });
}

#[test]
fn remove_question() {
    look("remove", &[], |desk| {
        mixed(desk);
        desk.press("j D");
    });
}

#[test]
fn live_output() {
    look("output", &[], |desk| {
        mixed(desk);
        desk.press("j j j j j j j Tab");
    });
}

#[test]
fn zoomed() {
    look("zoom", &[], |desk| {
        mixed(desk);
        desk.press("j j j j j j j Enter");
    });
}

#[test]
fn lingering() {
    look("lingering", &[], |desk| {
        mixed(desk);
        desk.press("j j j j Enter");
    });
}

#[test]
fn stopping() {
    look("stopping", &[], |desk| {
        mixed(desk);
        desk.press("G k Tab");
    });
}

#[test]
fn did_not_start() {
    look("did_not_start", &[], |desk| {
        mixed(desk);
        desk.press("j j j j j j Tab");
    });
}

#[test]
fn kill_menu() {
    look("kill_menu", &[], |desk| {
        mixed(desk);
        desk.press("K");
    });
}

#[test]
fn kill_menu_of_many() {
    look("kill_menu_of_many", &[], |desk| {
        desk.recover(1_204, Attention::None, spec("old", "make old"));
        for number in 1..=30 {
            desk.run(&format!("worker-{number}"), "npm run dev");
        }
        desk.press("K");
        desk.draw();
        desk.press("Down");
    });
}

#[test]
fn help() {
    look("help", &[(200, 50)], |desk| {
        mixed(desk);
        desk.press("?");
    });
}

#[test]
fn leave_dialog() {
    look("leave", &[], |desk| {
        mixed(desk);
        desk.press("q");
    });
}

#[test]
fn finish_dialog() {
    look("finish", &[], |desk| {
        mixed(desk);
        desk.press("Ctrl-D");
        desk.requests();
        desk.wait(4);
    });
}

#[test]
fn compose() {
    look("compose", &[(200, 50)], |desk| {
        mixed(desk);
        desk.press("n")
            .type_in("cargo test")
            .press("Enter")
            .type_in("cargo doc");
    });
}

#[test]
fn completion() {
    look("completion", &[], |desk| {
        mixed(desk);
        desk.press(":").type_in("re").press("Tab Tab");
    });
}

#[test]
fn wrong_command() {
    look("wrong_command", &[], |desk| {
        mixed(desk);
        desk.press(":").type_in("revok 3").press("Enter");
    });
}

#[test]
fn search() {
    look("search", &[], |desk| {
        mixed(desk);
        desk.press("j j j j j j j Tab /").type_in("compil");
    });
}

#[test]
fn store_trouble() {
    look("store_trouble", &[], |desk| {
        mixed(desk);
        let why = "no space left on /home; free some".into();
        desk.input(Input::StoreFailed(
            why,
            Change::Nothing,
            Vec::new(),
            Vec::new(),
        ));
    });
}

#[test]
fn ascii_and_no_colour() {
    let mut desk = Desk::new(80, 24);
    desk.screen = super::herd::screen(
        80,
        24,
        Look {
            depth: Depth::None,
            unicode: false,
            clock: true,
        },
    );
    mixed(&mut desk);
    desk.press("K");
    insta::assert_snapshot!("ascii_80x24", desk.text());
    let terminal = desk.draw();
    for cell in &terminal.backend().buffer().content {
        assert_eq!(cell.fg, ratatui::style::Color::Reset);
        assert_eq!(cell.bg, ratatui::style::Color::Reset);
    }
}

#[test]
fn too_small() {
    for (cols, rows) in [(0, 0), (1, 1), (19, 10), (80, 4)] {
        let mut desk = Desk::new(cols, rows);
        mixed(&mut desk);
        desk.event(key("n"));
        let text = desk.text();
        assert!(cols < 18 || text.contains("terminal too small"), "{text}");
    }
}

/// What others wrote cannot drive the terminal nor leave its place.
#[test]
fn hostile_names_are_tame() {
    let mut desk = Desk::new(120, 24);
    desk.run("a\x1b]0;pwned\x07\u{202e}b\n", "echo \x1b[2J\u{200b}\tx");
    desk.exit(TaskId(1), Exit::Code(0), 2);
    let text = desk.text();
    assert!(text.contains("a ]0;pwned b"), "{text}");
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text}");
}
