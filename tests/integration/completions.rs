//! Completion in a shell, against the living herd.

use std::process::Command;

use rustix::process::Signal;
use wrangle::sys::proc;

use crate::herd::Herd;
use crate::procs::{kit, wait_until};

/// What the script has bash offer for a line, of which it would replace `word`.
fn bash(herd: &Herd, line: &str, word: &str) -> Vec<String> {
    let script = herd.ok(&["completions", "bash"]);
    let path = std::env::var("PATH").unwrap_or_default();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_wrangle"));
    let ask = "eval \"$SCRIPT\"; compopt() { :; }; COMP_POINT=${#COMP_LINE}; \
               _wrangle wrangle \"$1\" \"\"; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let mut command = Command::new("bash");
    command
        .args(["--norc", "-c", ask, "bash", word])
        .env(
            "PATH",
            format!("{}:{path}", program.parent().unwrap().display()),
        )
        .env("WRANGLE_HOME", herd.home())
        .env("SCRIPT", script)
        .env("COMP_LINE", line)
        .current_dir(herd.dir());
    let done = command.output().unwrap();
    assert!(done.status.success(), "{done:?}");
    assert_eq!(done.stderr, b"", "{done:?}");
    let text = String::from_utf8(done.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_shell_completes_tasks_labels_and_what_a_project_offers() {
    let herd = Herd::new();
    let (kit, token) = (kit(), herd.token());
    let argv = [kit.as_str(), "exit", &token, "0"];
    let id = herd.run(&["--name", "two words", "--label", "night"], &argv);
    herd.wait_state(id, "ended");
    assert_eq!(bash(&herd, "wrangle show two", "two"), ["'two words'"]);
    assert_eq!(bash(&herd, "wrangle logs 1", "1"), ["1"]);
    assert_eq!(bash(&herd, "wrangle ls --label n", "n"), ["night"]);
    std::fs::write(
        herd.dir().join("wrangle.toml"),
        "[tasks.check]\ncommand = \"true\"\n",
    )
    .unwrap();
    assert_eq!(bash(&herd, "wrangle run @c", "c"), ["check"]);
}

#[test]
fn a_shell_completes_what_the_configuration_names_as_far_as_it_is_right() {
    let herd = Herd::new();
    let said = "[agents.mine]\nprogram = \"mine\"\nargs = [\"{prompt}\"]\n\
                [templates]\nfix = \"fix {prompt}\"\n";
    for wrong in ["nonsense = 1\n", ""] {
        let text = format!("{wrong}{said}");
        std::fs::write(herd.home().join("config.toml"), text).unwrap();
        assert_eq!(bash(&herd, "wrangle run --agent m", "m"), ["mine"]);
        assert_eq!(bash(&herd, "wrangle run --template f", "f"), ["fix"]);
    }
}

#[test]
fn completion_starts_no_supervisor_and_waits_for_no_stopped_one() {
    let herd = Herd::new();
    assert_eq!(
        bash(&herd, "wrangle show --j", "--j"),
        ["--json"],
        "the declaration needs no supervisor"
    );
    assert_eq!(bash(&herd, "wrangle show 1", "1"), [""]);
    assert_eq!(herd.supervisor(), None);
    let (kit, token) = (kit(), herd.token());
    herd.run(&[], &[&kit, "exit", &token, "0"]);
    let supervisor = herd.supervisor().unwrap();
    proc::signal(supervisor, Signal::STOP).unwrap();
    let before = std::time::Instant::now();
    assert_eq!(bash(&herd, "wrangle show 1", "1"), [""]);
    let took = before.elapsed();
    proc::signal(supervisor, Signal::CONT).unwrap();
    assert!(took.as_secs() < 15, "it took {took:?}");
    wait_until("it goes on", || bash(&herd, "wrangle show 1", "1") == ["1"]);
}

#[test]
fn the_variable_alone_changes_nothing() {
    let herd = Herd::new();
    let mut command = herd.command(["schema", "task"]);
    let done = command.env("WRANGLE_COMPLETE", "bash").output().unwrap();
    assert!(
        done.status.success() && done.stdout.starts_with(b"{"),
        "{done:?}"
    );
}

/// What a program says of a file, where it is installed.
fn said(program: &str, args: &[&str], file: &std::path::Path) -> Option<String> {
    let done = match Command::new(program).args(args).arg(file).output() {
        Ok(done) => done,
        Err(error) => {
            eprintln!("skipped: {program}: {error}");
            return None;
        }
    };
    Some(String::from_utf8_lossy(&done.stderr).into_owned())
}

#[test]
fn scripts_and_pages_are_right_where_they_can_be_checked() {
    let herd = Herd::new();
    for shell in ["bash", "zsh", "fish"] {
        let file = herd.dir().join(shell);
        std::fs::write(&file, herd.ok(&["completions", shell])).unwrap();
        let wrong = said(shell, &["-n"], &file).unwrap_or_default();
        assert_eq!(wrong, "", "{shell}");
    }
    herd.ok(&["man", "--out", "man1"]);
    let pages = std::fs::read_dir(herd.dir().join("man1")).unwrap();
    for page in pages.map(|entry| entry.unwrap().path()) {
        let Some(wrong) = said("groff", &["-man", "-Tutf8", "-ww"], &page) else {
            return;
        };
        assert_eq!(wrong, "", "{}", page.display());
    }
}
