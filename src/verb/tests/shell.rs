//! Completion in shells: what each is answered.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use clap::CommandFactory;

use super::kit::{args, context, task};
use crate::config::Trust;
use crate::core::report::TaskReport;
use crate::verb::registry::Cli;
use crate::verb::*;

const SHELLS: [&str; 5] = ["bash", "zsh", "fish", "elvish", "powershell"];

fn herd() -> Vec<TaskReport> {
    let mut tasks = [
        task(1, "api", true),
        task(2, "web app", false),
        task(3, "v:2", false),
        task(12, "api", false),
    ];
    tasks[0].spec.labels = vec!["ci".into()];
    tasks[1].spec.labels = vec!["night=1".into()];
    let tasks = tasks.iter();
    tasks
        .map(|task| TaskReport::of(task, None, "/log".into()))
        .collect()
}

/// A directory that offers tasks, trusted.
fn place() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().canonicalize().unwrap();
    fs::create_dir_all(home.join("sub dir/in")).unwrap();
    fs::write(
        home.join("wrangle.toml"),
        "[tasks.test]\ncommand = \"make test\"\n[tasks.web]\ncommand = \"true\"\n",
    )
    .unwrap();
    Trust::at(home.join("data/trusted.json"))
        .add(&home)
        .unwrap();
    dir
}

fn answered(shell: &str, words: &[&str], dir: &Path) -> Vec<String> {
    let words = words.iter().map(OsString::from).collect();
    let dir = dir.canonicalize().unwrap();
    let answer = answer(shell, words, &context(&dir), herd).unwrap();
    let text = String::from_utf8(answer).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// What bash makes of a line when a candidate takes the place of `replaced`.
fn bash(line: &str, replaced: &str) -> Vec<String> {
    let place = place();
    let found = answered("bash", &[line, replaced], place.path());
    let before = line.strip_suffix(replaced).unwrap();
    found
        .into_iter()
        .filter(|text| !text.starts_with('-') || replaced.starts_with('-'))
        .map(|text| format!("{before}{text}"))
        .collect()
}

#[test]
fn every_shell_has_a_script_that_asks_and_is_answered_every_verb_and_option() {
    let place = place();
    for shell in SHELLS {
        let Ok(Command::Told(Told::Text(script))) = args(&["completions", shell]) else {
            panic!("{shell}: no script");
        };
        assert!(script.contains(ASKED), "{shell}: {script}");
        let bash = shell == "bash";
        let ask = |words: &[&str]| {
            let line = words.join(" ");
            let last = *words.last().unwrap();
            let words = if bash {
                vec![&line[..], last]
            } else {
                words.to_vec()
            };
            answered(shell, &words, place.path()).join("\n")
        };
        // zsh and elvish say where the cursor is in the environment; else it is the end
        if matches!(shell, "zsh" | "elvish") {
            continue;
        }
        let verbs = ask(&["wrangle", ""]);
        for verb in Cli::command().get_subcommands() {
            assert!(verbs.contains(verb.get_name()), "{shell}: {verbs}");
        }
        let options = ask(&["wrangle", "rm", "--"]);
        for option in ["--ended", "--older-than", "--label", "--match"] {
            assert!(options.contains(option), "{shell}: {options}");
        }
        assert!(!ask(&["wrangle", "supervisor", "--"]).contains("detached"));
    }
}

#[test]
fn tasks_are_offered_by_number_and_by_name_active_ones_first() {
    let place = place();
    let fish = |words: &[&str]| {
        let found = answered("fish", words, place.path());
        let tasks = found.into_iter().filter(|line| !line.starts_with('-'));
        tasks.collect::<Vec<_>>()
    };
    assert_eq!(
        fish(&["wrangle", "revoke", ""]),
        [
            "12\tapi starting",
            "3\tv:2 starting",
            "2\tweb app starting",
            "1\tapi ended"
        ]
    );
    assert_eq!(
        fish(&["wrangle", "kill", "12", "1"]),
        ["1\tapi ended"],
        "what stands there already is no candidate"
    );
    assert_eq!(fish(&["wrangle", "show", "a"]), ["api\t12 starting"]);
    assert_eq!(
        fish(&["wrangle", "events", "--task", "3"]),
        ["3\tv:2 starting"]
    );
    assert_eq!(fish(&["wrangle", "ls", "--label", "c"]), ["ci"]);
    assert_eq!(fish(&["wrangle", "run", "@t"]), ["@test\tmake test"]);
}

#[test]
fn bash_breaks_words_where_it_likes() {
    assert_eq!(bash("wrangle run @te", "te"), ["wrangle run @test"]);
    assert_eq!(
        bash("wrangle run @", ""),
        ["wrangle run @test", "wrangle run @web"]
    );
    assert_eq!(bash("wrangle show v:", ""), ["wrangle show v:2"]);
    assert_eq!(
        bash("wrangle ls --label=n", "n"),
        ["wrangle ls --label='night=1'"]
    );
    assert_eq!(
        bash("wrangle ls --label=night=", ""),
        ["wrangle ls --label=night=1"]
    );
}

#[test]
fn bash_is_given_what_it_can_put_in_as_it_is() {
    assert_eq!(bash("wrangle show we", "we"), ["wrangle show 'web app'"]);
    assert_eq!(bash("wrangle show \"we", "we"), ["wrangle show \"web app"]);
    let place = place();
    assert_eq!(
        answered(
            "bash",
            &[r"wrangle run --dir sub\ d", r"sub\ d"],
            place.path()
        ),
        ["'sub dir/'"]
    );
}

#[test]
fn an_unknown_shell_and_no_words_are_refused() {
    let place = place();
    let context = context(place.path());
    for (shell, words) in [("tcsh", vec!["wrangle".into()]), ("fish", vec![])] {
        let refused = answer(shell, words, &context, herd).unwrap_err();
        assert!(refused.to_string().contains("; "), "{refused}");
    }
}
