//! What the program tells of itself: completions, the manual, schemas.

use clap::CommandFactory;

use super::kit::args;
use crate::verb::registry::Cli;
use crate::verb::*;

fn told(words: &[&str]) -> Told {
    match args(words) {
        Ok(Command::Told(told)) => told,
        other => panic!("{words:?}: {other:?}"),
    }
}

fn text(words: &[&str]) -> String {
    match told(words) {
        Told::Text(text) => text,
        Told::Files(..) => panic!("{words:?}: files"),
    }
}

fn verbs() -> Vec<String> {
    let cli = Cli::command();
    let names = cli.get_subcommands().map(clap::Command::get_name);
    names.map(str::to_owned).collect()
}

#[test]
fn the_manual_has_a_page_for_every_verb_in_the_words_of_help() {
    let page = text(&["man"]);
    assert!(page.contains(".TH wrangle 1"), "{page}");
    for part in [
        "Exit codes: 0 done",
        "wrangle\\-run(1)",
        ".SH \"EXIT STATUS\"",
        "WRANGLE_HOME",
        "wrangle.toml",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let Told::Files(dir, pages) = told(&["man", "--out", "somewhere"]) else {
        panic!("no files");
    };
    assert_eq!(dir, std::path::Path::new("somewhere"));
    let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[0], "wrangle.1");
    for verb in verbs() {
        assert!(
            names.contains(&format!("wrangle-{verb}.1").as_str()),
            "{verb}: {names:?}"
        );
    }
    let (_, run) = pages
        .iter()
        .find(|(name, _)| name == "wrangle-run.1")
        .unwrap();
    for part in ["wrangle run", "What the list calls it", "\\-\\-grace"] {
        assert!(run.contains(part), "{part}: {run}");
    }
    let (_, supervisor) = pages
        .iter()
        .find(|(name, _)| name == "wrangle-supervisor.1")
        .unwrap();
    assert!(!supervisor.contains("detached"));
}

#[test]
fn only_what_needs_nothing_else_is_told_at_once() {
    let told = |words: &[&str]| {
        let words = words.iter().map(std::ffi::OsString::from);
        parse_args(words).unwrap().unwrap().told()
    };
    assert!(told(&["schema", "task"]).is_some());
    assert!(told(&["completions", "fish"]).is_some());
    assert!(told(&["man"]).is_some());
    assert!(told(&["doctor"]).is_none());
    assert!(told(&["ls"]).is_none());
}
