use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::config::offer::KEYS;
use crate::config::*;
use crate::core::raw::Raw;
use crate::core::task::AfterExit;

fn project(text: &str) -> Project {
    let (project, problems) = Project::parse(text, Path::new("/p"));
    assert_eq!(problems, Vec::<String>::new());
    project
}

fn problems(text: &str) -> Vec<String> {
    Project::parse(text, Path::new("/p")).1
}

fn argv(offer: &Offer, more: &[&str]) -> Vec<String> {
    let more = more.iter().map(|word| Raw::from(*word)).collect();
    offer.argv(more).iter().map(Raw::lossy).collect()
}

#[test]
fn the_nearest_file_upwards_holds() {
    let root = tempfile::tempdir().unwrap();
    let (outer, inner) = (root.path().join("a"), root.path().join("a/b"));
    fs::create_dir_all(inner.join("c/d")).unwrap();
    assert_eq!(Project::find(&inner.join("c/d")), None);
    fs::write(outer.join(PROJECT), "").unwrap();
    assert_eq!(Project::find(&inner.join("c/d")), Some(outer.join(PROJECT)));
    assert_eq!(Project::find(&outer), Some(outer.join(PROJECT)));
    fs::write(inner.join(PROJECT), "").unwrap();
    assert_eq!(Project::find(&inner.join("c/d")), Some(inner.join(PROJECT)));
    assert_eq!(Project::find(root.path()), None);
}

#[test]
fn a_task_says_all_that_it_may() {
    let project = project(
        r#"
        [task]
        grace = "3s"
        [tasks.test]
        command = "make test"
        [tasks.serve]
        command = ["serve", "--port", "80 80"]
        dir = "sub/dir"
        env = { A = "1", B = "x y" }
        name = "the server"
        labels = ["web", "api", "web"]
        grace = "1m"
        after_exit = "sweep"
        stdin = true
        restart = "never"
        "#,
    );
    assert_eq!(project.file, Path::new("/p/wrangle.toml"));
    assert_eq!(project.grace(), Some(Duration::from_secs(3)));
    assert!(project.sets_anything());
    let test = &project.tasks["test"];
    assert_eq!(test.dir, Path::new("/p"));
    assert_eq!(
        (test.name.as_deref(), test.grace, test.stdin),
        (None, None, false)
    );
    assert_eq!(test.command_line(), "make test");
    let serve = &project.tasks["serve"];
    assert_eq!(serve.dir, Path::new("/p/sub/dir"));
    assert_eq!(serve.env["B"], "x y");
    assert_eq!(serve.name.as_deref(), Some("the server"));
    assert_eq!(serve.labels, ["api", "web"]);
    assert_eq!(serve.grace, Some(Duration::from_secs(60)));
    assert_eq!(serve.after_exit, Some(AfterExit::Sweep));
    assert!(serve.stdin);
    assert_eq!(serve.command_line(), "serve --port '80 80'");
}

#[test]
fn the_example_holds_every_key_and_says_what_it_means() {
    let project = project(EXAMPLE);
    assert!(project.sets_anything());
    assert_eq!(project.tasks["serve"].name.as_deref(), Some("web server"));
    let lines: Vec<&str> = EXAMPLE.lines().collect();
    for key in KEYS {
        let at = lines
            .iter()
            .rposition(|line| line.starts_with(&format!("{key} = ")));
        let at = at.unwrap_or_else(|| panic!("no {key} in the example"));
        assert!(lines[at - 1].starts_with("# "), "nothing said of {key}");
    }
}

#[test]
fn further_arguments_stand_behind_the_command() {
    let project =
        project("[tasks]\na = { command = \"x; make\\n\" }\nb = { command = [\"make\"] }\n");
    let (a, b) = (&project.tasks["a"], &project.tasks["b"]);
    assert!(!project.sets_anything());
    assert_eq!(argv(a, &[]), ["sh", "-c", "x; make\n"]);
    assert_eq!(
        argv(a, &["one", "t w o"]),
        ["sh", "-c", "x; make \"$@\"", "sh", "one", "t w o"]
    );
    assert_eq!(argv(b, &["-j4"]), ["make", "-j4"]);
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let text = r#"
[output]
task_cap = "1 GiB"
[task]
grase = "1s"
[tasks.a]
command = 7
dri = "x"
[tasks.b]
grace = "soon"
restart = "always"
[tasks."two words"]
command = "x"
[tasks.42]
command = "x"
[tsks.c]
"#;
    let lines = problems(text);
    for (line, what) in lines.iter().zip([
        "/p/wrangle.toml:2: output can't be set by a project",
        "/p/wrangle.toml:5: unknown key task.grase; did you mean task.grace?",
        "/p/wrangle.toml:7: tasks.a.command: 7 is not a command",
        "/p/wrangle.toml:8: unknown key tasks.a.dri; did you mean tasks.a.dir?",
        "/p/wrangle.toml:10: tasks.b.grace: \"soon\" is not a time",
        "/p/wrangle.toml:11: tasks.b.restart: \"always\" is none of",
        "/p/wrangle.toml:9: tasks.b lacks a command",
        "/p/wrangle.toml:12: tasks.two words: \"two words\" is not a task's name",
        "/p/wrangle.toml:14: tasks.42: \"42\" would be taken for a task's number",
        "/p/wrangle.toml:16: unknown key tsks; did you mean tasks?",
    ]) {
        assert!(line.starts_with(what), "{line:?} is not {what:?}");
    }
    assert_eq!(lines.len(), 10, "{lines:#?}");
}

#[test]
fn each_value_has_its_form() {
    for (key, wrong) in [
        ("command", "\" \""),
        ("command", "[]"),
        ("command", "[\"a\", 1]"),
        ("dir", "1"),
        ("env", "[\"A=1\"]"),
        ("env", "{ A = 1 }"),
        ("env", "{ \"A=B\" = \"1\" }"),
        ("name", "\"7\""),
        ("labels", "\"a\""),
        ("labels", "[\"a b\"]"),
        ("labels", "[\"a,b\"]"),
        ("labels", "[\"\"]"),
        ("grace", "\"2 days\""),
        ("after_exit", "\"kep\""),
        ("stdin", "\"yes\""),
        ("restart", "true"),
        ("model", "\"a b\""),
        ("lane", "\"global\""),
        ("lane", "7"),
        ("priority", "\"urgent\""),
        ("exclusive", "1"),
        ("timeout", "\"0s\""),
        ("timeout", "\"-1m\""),
        ("idle_timeout", "\"900y\""),
        ("on_idle", "\"kill\""),
        ("retry", "-1"),
        ("retry", "1001"),
        ("retry_on", "\"lost\""),
        ("retry_on", "[\"succeeded\"]"),
    ] {
        let command = if key == "command" {
            ""
        } else {
            "command = \"x\"\n"
        };
        let idle = if key == "on_idle" {
            "idle_timeout = \"1m\"\n"
        } else {
            ""
        };
        let lines = problems(&format!("[tasks.t]\n{command}{idle}{key} = {wrong}\n"));
        assert_eq!(lines.len(), 1, "{key} = {wrong}: {lines:?}");
        assert!(lines[0].contains(&format!("tasks.t.{key}: ")), "{lines:?}");
    }
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join(PROJECT);
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let lines = Project::read(&pipe).unwrap_err();
    assert!(lines[0].contains("not a file"), "{lines:?}");
}

#[test]
fn what_says_one_thing_twice_or_half_of_it_is_wrong() {
    let task = |text: &str| problems(&format!("[tasks.t]\ncommand = \"x\"\n{text}\n"));
    assert_eq!(
        task("restart = 2\nretry = 2"),
        ["/p/wrangle.toml:4: tasks.t.retry and tasks.t.restart both say how often; leave one out"]
    );
    assert_eq!(
        task("on_idle = \"stop\""),
        ["/p/wrangle.toml:3: tasks.t.on_idle lacks an idle_timeout; add idle_timeout = \"10m\""]
    );
    let limits = problems("[limits]\nagents = 2\n");
    let wanted = "/p/wrangle.toml:1: limits can't be set by a project";
    assert!(limits[0].starts_with(wanted), "{limits:?}");
}
