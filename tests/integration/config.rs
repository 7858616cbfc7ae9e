//! Configuration from outside: layers, projects and trust, reading it anew.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use rustix::process::Signal;
use serde_json::Value;
use wrangle::sys::proc;

use crate::herd::{Done, Herd, finish};
use crate::procs::wait_until;
use crate::pty::Pty;

/// Writes the user's file.
fn configure(herd: &Herd, text: &str) {
    fs::write(herd.home().join("config.toml"), text).unwrap();
}

/// Makes a project with a directory below it; the canonical path.
fn project(herd: &Herd, text: &str) -> PathBuf {
    let dir = herd.dir().canonicalize().unwrap().join("project");
    fs::create_dir_all(dir.join("sub/deep")).unwrap();
    fs::write(dir.join("wrangle.toml"), text).unwrap();
    dir
}

/// Calls the program from below the project.
#[track_caller]
fn call_in(dir: &PathBuf, herd: &Herd, args: &[&str]) -> Done {
    let mut command = herd.command(args);
    command.current_dir(dir);
    finish(command.spawn().unwrap())
}

/// What `config show --json` says of a setting.
#[track_caller]
fn shown(herd: &Herd, env: &[(&str, &str)], key: &str) -> (Value, String) {
    let mut command = herd.command(["config", "show", "--json"]);
    command.envs(env.iter().copied());
    let object: Value = serde_json::from_str(&finish(command.spawn().unwrap()).ok()).unwrap();
    let setting = &object["settings"][key];
    let source = setting["source"].as_str().unwrap().to_owned();
    (setting["value"].clone(), source)
}

/// What `config show --json` prints is what its schema says, with a project and without,
/// and whatever a setting's value is.
#[test]
fn what_is_shown_is_what_the_schema_says() {
    let herd = Herd::with("[hooks]\nended = [\"true\", [\"echo\", \"x\"]]\n");
    let schema: Value = serde_json::from_str(&herd.ok(&["schema", "config"])).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let dir = project(&herd, OFFERS);
    for dir in [herd.dir().to_path_buf(), dir] {
        let shown = call_in(&dir, &herd, &["config", "show", "--json"]).ok();
        let shown: Value = serde_json::from_str(&shown).unwrap();
        let wrong: Vec<String> = schema
            .iter_errors(&shown)
            .map(|it| it.to_string())
            .collect();
        assert!(wrong.is_empty(), "{wrong:?} in {shown}");
    }
    // and one that says something else is refused
    let other = serde_json::json!({"settings": {"a.b": 1}});
    assert!(!schema.is_valid(&other));
}

/// What a project has run again runs again, by itself, as often as it says.
#[test]
fn what_failed_is_run_again_by_itself() {
    let herd = Herd::new();
    let dir = project(
        &herd,
        "[tasks.flaky]\ncommand = \"echo again >> count; [ $(wc -l < count) -ge 3 ]\"\nrestart = \"on-failure\"\n\
         [tasks.bad]\ncommand = \"exit 4\"\nrestart = 1\n",
    );
    call_in(&dir, &herd, &["trust"]).ok();
    let id = call_in(&dir, &herd, &["run", "@flaky"]).ok();
    let bad = call_in(&dir, &herd, &["run", "@bad"]).ok();
    assert_eq!(herd.call(["wait", id.trim()]).code, 0);
    assert_eq!(herd.call(["wait", bad.trim()]).code, 4);
    assert_eq!(
        fs::read_to_string(dir.join("count"))
            .unwrap()
            .lines()
            .count(),
        3
    );
    let tasks = herd.json(&["show", "--json", id.trim()]);
    let runs = tasks[0]["runs"].as_array().unwrap();
    let outcomes: Vec<_> = runs
        .iter()
        .map(|run| run["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["failed", "failed", "succeeded"]);
    assert_eq!(herd.json(&["show", "--json", bad.trim()])[0]["run"], 2);
}

/// How often the supervisor's log says this.
fn logged(herd: &Herd, what: &str) -> usize {
    let log = fs::read_to_string(herd.home().join("data/supervisor.log")).unwrap_or_default();
    log.matches(what).count()
}

/// SIGHUP to the supervisor, which logs this and lives on.
#[track_caller]
fn hang_up(herd: &Herd, what: &str) {
    let supervisor = herd.supervisor().unwrap();
    let before = logged(herd, what);
    proc::signal(supervisor, Signal::HUP).unwrap();
    wait_until(&format!("the log says {what:?}"), || {
        logged(herd, what) > before
    });
    assert_eq!(herd.supervisor(), Some(supervisor));
}

const OFFERS: &str = r#"
[task]
grace = "3s"
[tasks.test]
command = "echo $WHO in $(basename $PWD); exit 7"
env = { WHO = "me" }
dir = "sub"
labels = ["ci"]
[tasks.say]
command = ["echo", "said"]
"#;

#[test]
fn a_project_runs_nothing_before_it_is_trusted() {
    let herd = Herd::new();
    let dir = project(&herd, OFFERS);
    let deep = dir.join("sub/deep");
    let refused = call_in(&deep, &herd, &["run", "--follow", "@test"]);
    let remedy = format!(
        "is not trusted; read it, then wrangle trust {}",
        dir.display()
    );
    refused.fails(2, &remedy);
    // its defaults are ignored, which is said and stops nobody
    let plain = call_in(&deep, &herd, &["run", "--follow", "--", "echo", "plain"]);
    assert!(
        plain.err.contains("defaults for tasks are ignored"),
        "{plain:?}"
    );
    assert_eq!(plain.ok(), "plain\n");
    assert_eq!(call_in(&deep, &herd, &["trust", "../.."]).code, 0);
    assert_eq!(
        herd.ok(&["trust", "--list"]),
        format!("{}\n", dir.display())
    );
    let test = call_in(&deep, &herd, &["run", "--follow", "@test"]);
    assert_eq!((test.code, test.text().as_str()), (7, "me in sub\n"));
    let task = herd.json(&["show", "--json", "test"]).remove(0);
    assert_eq!(task["labels"][0], "ci", "{task}");
    let say = ["run", "--follow", "--name", "mine", "@say", "a  b", "-c"];
    assert_eq!(call_in(&deep, &herd, &say).ok(), "said a  b -c\n");
    herd.ok(&["show", "mine"]);
    call_in(&deep, &herd, &["run", "@"]).fails(2, "offers @say (echo said), @test (echo ");
    call_in(&deep, &herd, &["run", "@tset"]).fails(2, "did you mean @test?");
    herd.call(["run", "@test"]).fails(2, "no wrangle.toml from");
    let remove = ["trust", "--remove", dir.to_str().unwrap()];
    herd.ok(&remove);
    herd.call(remove).fails(2, "was not trusted");
    call_in(&deep, &herd, &["run", "@test"]).fails(2, &remedy);
}

#[test]
fn a_projects_directory_may_have_any_name() {
    let herd = Herd::new();
    let dir = herd.dir().join(OsStr::from_bytes(b"odd \xff"));
    fs::create_dir(&dir).unwrap();
    fs::write(
        dir.join("wrangle.toml"),
        "[tasks.a]\ncommand = \"echo ran\"\n",
    )
    .unwrap();
    assert_eq!(call_in(&dir, &herd, &["run", "@a"]).code, 2);
    assert_eq!(call_in(&dir, &herd, &["trust"]).code, 0);
    assert_eq!(
        call_in(&dir, &herd, &["run", "--follow", "@a"]).ok(),
        "ran\n"
    );
}

#[test]
fn a_wrong_project_is_named_once_it_is_trusted() {
    let herd = Herd::new();
    let dir = project(
        &herd,
        "[output]\ntask_cap = \"1 GiB\"\n[tasks.a]\ncomand = \"b\"\n",
    );
    assert_eq!(call_in(&dir, &herd, &["run", "--follow", "true"]).ok(), "");
    let check = call_in(&dir, &herd, &["config", "check"]);
    assert_eq!(
        (check.code, check.text().lines().count()),
        (1, 3),
        "{check:?}"
    );
    assert!(check.text().contains("wrangle.toml:1: output can't be set"));
    assert!(check.text().contains("did you mean tasks.a.command?"));
    assert_eq!(call_in(&dir, &herd, &["trust"]).code, 0);
    call_in(&dir, &herd, &["run", "true"]).fails(2, "wrangle.toml:1: output can't be set");
}

#[test]
fn each_layer_goes_before_the_one_below() {
    let herd = Herd::new();
    let grace = |env: &[(&str, &str)]| shown(&herd, env, "task.grace");
    assert_eq!(grace(&[]), ("10s".into(), "default".into()));
    configure(&herd, "\n[task]\ngrace = \"10m\"\n");
    let (value, source) = grace(&[]);
    assert_eq!(value, "10m");
    assert!(source.ends_with("config.toml:3"), "{source}");
    let variable = ("WRANGLE_TASK_GRACE", "0s");
    assert_eq!(grace(&[variable]), ("0s".into(), variable.0.into()));
    // and it is what a task is given: one that ignores SIGTERM is not waited for
    let script = "trap '' TERM; echo ready; while :; do sleep 1; done";
    let mut run = herd.command(["run", "sh", "-c", script]);
    run.env(variable.0, variable.1);
    finish(run.spawn().unwrap()).ok();
    herd.remember();
    herd.wait_output(1, b"ready\n");
    herd.ok(&["revoke", "--wait", "1"]);
    assert_eq!(herd.task(1)["state"], "ended");
    let mut wrong = herd.command(["run", "true"]);
    wrong.env("WRANGLE_TASK_GRCE", "5s");
    finish(wrong.spawn().unwrap()).fails(2, "did you mean WRANGLE_TASK_GRACE?");
}

#[test]
fn what_is_wrong_is_listed_whole() {
    let herd = Herd::with(
        "[task]\ngrce = \"1s\"\n[output]\nring = \"big\"\n[keys]\nretry = \"Hyper-q\"\n[theme]\nalrm = \"red\"\n",
    );
    let check = herd.call(["config", "check"]);
    assert_eq!(check.code, 1);
    let text = check.text();
    for (line, what) in [
        (2, "unknown key task.grce; did you mean task.grace?"),
        (4, "output.ring: \"big\" is not a size"),
        (6, "[keys] retry: \"Hyper-q\" is no key"),
        (8, "[theme] alrm: no such role; did you mean alarm?"),
    ] {
        let wanted = format!("config.toml:{line}: {what}");
        assert!(text.contains(&wanted), "no {wanted:?} in {text}");
    }
    assert_eq!(text.lines().count(), 4, "{text}");
    let doctor = herd.call(["doctor"]);
    assert_eq!(doctor.code, 1, "{doctor:?}");
    assert!(doctor.text().contains("config.toml:4: output.ring"));
    herd.call(["config", "show"]).fails(1, "and 1 more");
    configure(&herd, "[keys]\nretry = \"F5\"\npause = \"F5\"\n");
    assert_eq!(herd.call(["config", "check"]).code, 1);
    assert!(herd.ok(&["doctor"]).contains("F5 is "));
    configure(&herd, "");
    assert_eq!(herd.ok(&["config", "check"]), "nothing is wrong\n");
    let path = herd.ok(&["config", "path"]);
    assert!(path.contains("home/config.toml\n"), "{path}");
    assert_eq!(herd.ok(&["config", "default"]), wrangle::config::DEFAULT);
    // none of them needed a supervisor
    assert_eq!(herd.supervisor(), None);
}

#[test]
fn a_screen_takes_on_what_is_read_anew() {
    let herd = Herd::new();
    let pty = Pty::with(&herd, 80, 24, &[("COLORTERM", "truecolor")]);
    pty.shows(&["nothing runs yet"]);
    configure(&herd, "[keys]\nhelp = \"H\"\n[theme]\nkey = \"#010203\"\n");
    assert!(herd.ok(&["reload"]).contains("is read anew"));
    pty.press("H", &["Esc close"]);
    pty.press_away("\x1b", "Esc close");
    let raw = String::from_utf8_lossy(&pty.raw()).into_owned();
    assert!(raw.contains("38;2;1;2;3"), "the new colour");
    // wrong, and so the old one stays, by verb and by signal
    configure(&herd, "[keys]\nhelp = \"J\"\n[output]\nrng = 1\n");
    herd.call(["reload"])
        .fails(1, "the old configuration stays");
    hang_up(&herd, "did you mean output.ring?");
    pty.shows(&["the old configuration stays"]);
    pty.press("H", &["Esc close"]);
    pty.press_away("\x1b", "Esc close");
    // a screen that comes now has what holds, too
    let other = Pty::open(&herd, 80, 24);
    other.press("H", &["Esc close"]);
    configure(&herd, "[keys]\nhelp = \"J\"\n");
    hang_up(&herd, "is read anew");
    pty.press("J", &["Esc close"]);
    pty.press_away("\x1b", "Esc close");
    // the bar asks as well
    configure(&herd, "");
    pty.press(":reload\r", &["the configuration is read anew"]);
    pty.press("?", &["Esc close"]);
}

#[test]
fn the_bar_trusts_and_launches() {
    let herd = Herd::new();
    let dir = project(&herd, OFFERS);
    let mut command = herd.command([] as [&str; 0]);
    command.current_dir(dir.join("sub"));
    let pty = Pty::start(command, 250, 24);
    pty.shows(&["nothing runs yet"]);
    pty.press(":run @say\r", &["is not trusted"]);
    // the line is given back to be mended
    pty.press("\x15", &[":"]);
    // what is not trusted sets nothing, which is said
    pty.press(
        "run --name mine true\r",
        &["succeeded", "defaults for tasks are ignored"],
    );
    pty.press(":trust ..\r", &["project is trusted"]);
    pty.press(":run @s\t", &["run @say"]);
    pty.press("there\r", &["said there"]);
}

#[test]
fn rules_hold_as_soon_as_they_are_read() {
    let herd = Herd::with("[supervisor]\nidle_exit = \"never\"\n");
    herd.ok(&["ls"]);
    configure(&herd, "[supervisor]\nidle_exit = \"1s\"\n");
    herd.ok(&["reload"]);
    wait_until("the supervisor has gone", || herd.supervisor().is_none());
    // there is nobody to read anything, and none is started for it
    assert_eq!(herd.ok(&["reload"]), "");
    assert_eq!(herd.supervisor(), None);
    configure(&herd, "");
}

#[test]
fn a_supervisor_in_the_foreground_reads_anew_and_keeps_what_it_was_told() {
    let herd = Herd::new();
    let args = ["supervisor", "--set", "screen.clock=false"];
    let supervisor = herd.command(args).spawn().unwrap();
    wait_until("it listens", || {
        herd.home().join("run/wrangle.sock").exists()
    });
    herd.ok(&["ls"]);
    hang_up(&herd, "is read anew");
    let id = herd.run(&[], &["sleep", "250"]);
    herd.wait_state(id, "running");
    let pty = Pty::open(&herd, 80, 24);
    // times of day instead of ages: what --set said goes before the file
    configure(&herd, "[screen]\nclock = true\n");
    hang_up(&herd, "is read anew");
    pty.wait_screen("it shows a time of day", |text| {
        let time = text.split(char::is_whitespace);
        time.into_iter()
            .any(|word| word.len() == 6 && word.ends_with('Z') && word.as_bytes()[2] == b':')
    });
    herd.ok(&["shutdown"]);
    finish(supervisor).ok();
    herd.call(["supervisor", "--set", "task.grce=1s"])
        .fails(2, "did you mean task.grace?");
}

#[test]
fn hooks_and_history_follow_what_is_read() {
    let herd = Herd::new();
    let told = herd.dir().join("told");
    let hook = |event: &str, word: &str| {
        let file = told.display();
        format!("[hooks]\n{event} = \"echo {word} $WRANGLE_ID $WRANGLE_OUTCOME >> {file}\"\n")
    };
    let says = |line: &str| {
        wait_until(&format!("a hook says {line:?}"), || {
            let text = fs::read_to_string(&told).unwrap_or_default();
            text.lines().any(|said| said == line)
        });
    };
    configure(&herd, &hook("ended", "first"));
    let id = herd.run(&[], &["true"]);
    herd.wait_state(id, "ended");
    says("first 1 succeeded");
    let keep = "[history]\nkeep_count = 2\n";
    configure(&herd, &(hook("failed", "then") + keep));
    herd.ok(&["reload"]);
    for _ in 0..3 {
        let id = herd.run(&[], &["false"]);
        herd.wait_state(id, "ended");
    }
    says("then 4 failed");
    let kept = || herd.json(&["ls", "--all", "--json"]);
    wait_until("two are kept", || kept().len() == 2);
    assert_eq!(kept()[0]["id"], 3);
    let text = fs::read_to_string(&told).unwrap();
    assert_eq!(text.matches("first").count(), 1, "{text}");
}
