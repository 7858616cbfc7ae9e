use std::fs;

use super::*;
use crate::core::plan::Priority;
use crate::core::wire::{Each, Request, RunRequest};
use crate::verb::tests::kit::{call, context, wrong};
use crate::verb::{Asked, parse_bar};

fn raw(words: &[&str]) -> Vec<Raw> {
    words.iter().map(|word| Raw::from(*word)).collect()
}

/// What is asked for with these bytes in a file.
fn each(bytes: &[u8], before: &[&str], after: &[&str]) -> (RunRequest, Vec<Each>) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("lines");
    fs::write(&file, bytes).unwrap();
    let file = file.to_str().unwrap();
    let words = [&["run", "--each", file], before, after].concat();
    match call(&words).request {
        Request::RunEach(request, each) => (*request, each),
        other => panic!("{other:?}"),
    }
}

fn argvs(each: &[Each]) -> Vec<Vec<String>> {
    let argv = |each: &Each| each.argv.iter().map(Raw::lossy).collect();
    each.iter().map(argv).collect()
}

#[test]
fn a_line_stands_in_every_hole_or_at_the_end() {
    let line = Raw::from("a b");
    assert_eq!(
        fill(&raw(&["x", "{}", "-o{}.{}"]), &line),
        raw(&["x", "a b", "-oa b.a b"])
    );
    assert_eq!(fill(&raw(&["x", "{ }"]), &line), raw(&["x", "{ }", "a b"]));
    // what a line holds is not filled again
    assert_eq!(fill(&raw(&["{}"]), &Raw::from("{}{}")), raw(&["{}{}"]));
    let shell = |text: &str, line: &str| fill_shell(&text.into(), &line.into()).lossy();
    assert_eq!(shell("echo {} | wc", "a;b c"), "echo 'a;b c' | wc");
    assert_eq!(shell("echo", "a"), "echo a");
    assert!(!shell("echo {}", "$(x)'`y`").contains("{}"));
}

#[test]
fn a_task_for_every_line_that_is_not_blank() {
    let lines = b"one\n\n  \ntwo words\r\n-x\nlast";
    let options = ["--priority", "low", "--label", "b"];
    let (request, all) = each(lines, &options, &["--", "make", "-C", "{}", "test"]);
    assert_eq!(
        argvs(&all),
        ["one", "two words", "-x", "last"].map(|line| ["make", "-C", line, "test"])
    );
    assert_eq!(
        (request.priority, request.spec.labels),
        (Priority::Low, vec!["b".into()])
    );
    assert_eq!(all[1].name, "make two words");
    let (_, all) = each(b"a\xff\n", &["--name", "api"], &["--", "make"]);
    assert_eq!(all[0].argv[1].as_bytes(), b"a\xff");
    assert_eq!(all[0].name, "api a\u{fffd}");
    // one argument with spaces is a shell's, and a line one word of it
    let (_, all) = each(b"a b\n", &[], &["cat {} | wc"]);
    assert_eq!(argvs(&all), [["sh", "-c", "cat 'a b' | wc"]]);
    assert_eq!(all[0].name, "cat a b");
}

#[test]
fn names_stay_short_and_plain() {
    let name = |base: &str, line: &str| name(base, &line.into());
    let long = name("make", &"x".repeat(200));
    assert_eq!(long.chars().count(), 4 + 1 + 41);
    assert_eq!(name("make", "a\u{1b}[2J\tb"), "make a[2Jb");
    assert_eq!(name(&"n".repeat(100), "x"), "n".repeat(100));
    assert_eq!(name("7", "8"), "7 8");
}

#[test]
fn what_can_be_no_list_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str, bytes: &[u8]| {
        let file = dir.path().join(name);
        fs::write(&file, bytes).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let many = "x\n".repeat(MOST_LINES + 1);
    for (file, what) in [
        (at("none", b"\n \n"), "holds no line"),
        (at("nul", b"a\nb\0\n"), "nul:2: a NUL byte"),
        (
            at("many", many.as_bytes()),
            "has 20001 lines; at most 20000",
        ),
        ("/no/such".into(), "cannot read /no/such: No such file"),
        ("/".into(), "cannot read /: Is a directory"),
    ] {
        let line = wrong(&["run", "--each", &file, "--", "true"]);
        assert!(line.contains(what), "{line}");
        let here = context(dir.path());
        let line = parse_bar(&format!("run --each '{file}' -- true"), &here).unwrap_err();
        assert!(line.contains(what), "{line}");
    }
    let line = wrong(&["run", "--each", "x", "--follow", "--", "true"]);
    assert!(
        line.contains("--each") && line.contains("cannot be used together"),
        "{line}"
    );
}

#[test]
fn the_bar_reads_files_but_not_standard_input() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("l"), "a\nb\n").unwrap();
    let here = context(dir.path());
    let Ok(Asked::Request(Request::RunEach(_, each))) = parse_bar("run --each l -- make {}", &here)
    else {
        panic!("refused");
    };
    assert_eq!(each.len(), 2);
    let line = parse_bar("run --each - -- make {}", &here).unwrap_err();
    assert!(line.contains("standard input"), "{line}");
}
