use std::ffi::OsString;
use std::fs;

use tempfile::TempDir;

use super::*;
use crate::config::Trust;
use crate::core::plan::{Fate, Priority};
use crate::core::raw::Raw;
use crate::core::task::AfterExit;
use crate::core::wire::{Request, RunRequest};
use crate::verb::{Asked, Call, Command, complete, parse_args, parse_bar};

const FILE: &str = r#"
    [task]
    grace = "3s"
    [tasks.test]
    command = "make test"
    [tasks.serve]
    command = ["serve"]
    dir = "web"
    env = { PORT = "80", HOST = "a" }
    name = "the server"
    labels = ["web"]
    grace = "1m"
    after_exit = "sweep"
    stdin = true
"#;

/// A project with a directory below, and a person who stands in it.
struct Desk {
    root: TempDir,
    context: Context,
}

impl Desk {
    fn new(file: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().canonicalize().unwrap();
        fs::create_dir_all(dir.join("p/web/deep")).unwrap();
        fs::write(dir.join("p").join(PROJECT), file).unwrap();
        let context = Context {
            caller: Caller {
                dir: dir.join("p/web/deep").into(),
                env: vec![("HOST".into(), "caller".into())],
            },
            grace: Duration::from_secs(10),
            trust: Trust::at(dir.join("data/trusted.json")),
            agents: Arc::default(),
            templates: Arc::default(),
            selection: None,
        };
        Self { root, context }
    }

    fn trusted(file: &str) -> Self {
        let desk = Self::new(file);
        desk.context.trust.add(&desk.dir()).unwrap();
        desk
    }

    /// Where the file lies.
    fn dir(&self) -> PathBuf {
        self.root.path().canonicalize().unwrap().join("p")
    }

    fn call(&self, words: &[&str]) -> Result<(RunRequest, Option<String>), String> {
        let verb = parse_args(words.iter().map(OsString::from)).unwrap();
        match verb.unwrap().ask(&self.context)? {
            Command::Call(Call {
                request: Request::Run(run),
                notice,
                ..
            }) => Ok((*run, notice)),
            other => panic!("{other:?}"),
        }
    }

    fn run(&self, words: &[&str]) -> RunRequest {
        self.call(words).unwrap().0
    }

    fn said(&self, line: &str) -> Result<String, String> {
        match parse_bar(line, &self.context)? {
            Asked::Said(line) | Asked::Text(_, line) => Ok(line),
            other => panic!("{other:?}"),
        }
    }
}

fn words(run: &RunRequest) -> Vec<String> {
    run.spec.argv.iter().map(Raw::lossy).collect()
}

fn variable(run: &RunRequest, name: &str) -> Option<String> {
    let mut all = run.env.iter();
    let (_, value) = all.find(|(key, _)| key.as_bytes() == name.as_bytes())?;
    Some(value.lossy())
}

#[test]
fn a_task_is_run_as_the_file_says() {
    let desk = Desk::trusted(FILE);
    let test = desk.run(&["run", "@test"]);
    assert_eq!(words(&test), ["sh", "-c", "make test"]);
    assert_eq!(
        (test.spec.name.as_str(), test.spec.grace_ms),
        ("test", 3_000)
    );
    assert_eq!(test.spec.dir.as_path(), desk.dir());
    let serve = desk.run(&["run", "@serve", "--port", "81"]);
    assert_eq!(words(&serve), ["serve", "--port", "81"]);
    assert_eq!(serve.spec.name, "the server");
    assert_eq!(serve.spec.dir.as_path(), desk.dir().join("web"));
    assert_eq!(serve.spec.grace_ms, 60_000);
    assert_eq!(serve.spec.after_exit, AfterExit::Sweep);
    assert_eq!(serve.spec.labels, ["web"]);
    assert!(serve.spec.stdin);
    assert_eq!(variable(&serve, "PORT").as_deref(), Some("80"));
    assert_eq!(variable(&serve, "HOST").as_deref(), Some("a"));
    assert_eq!(serve.spec.env_names, ["HOST", "PORT"]);
}

#[test]
fn options_go_before_the_file() {
    let desk = Desk::trusted(FILE);
    let options = [
        "run",
        "--name",
        "mine",
        "--dir",
        "..",
        "--env",
        "PORT=9",
        "--grace",
        "1s",
        "--after-exit",
        "keep",
        "@serve",
    ];
    let run = desk.run(&options);
    assert_eq!(run.spec.name, "mine");
    assert_eq!(run.spec.dir.as_path(), desk.dir().join("web"));
    assert_eq!(run.spec.grace_ms, 1_000);
    assert_eq!(run.spec.after_exit, AfterExit::Keep);
    assert_eq!(variable(&run, "PORT").as_deref(), Some("9"));
    assert_eq!(run.spec.env_names, ["HOST", "PORT"]);
    // a command of that name is still to be had
    assert_eq!(
        words(&desk.run(&["run", "--", "@test", "a"])),
        ["@test", "a"]
    );
    assert_eq!(words(&desk.run(&["run", "ls", "@test"])), ["ls", "@test"]);
}

#[test]
fn any_task_in_a_project_has_its_defaults_below_the_environment() {
    let mut desk = Desk::trusted(FILE);
    let grace = |desk: &Desk| desk.run(&["run", "ls"]).spec.grace_ms;
    assert_eq!(grace(&desk), 3_000);
    let mut caller = desk.context.caller.clone();
    caller.env.push((GRACE.into(), "4s".into()));
    desk.context.caller = caller;
    assert_eq!(grace(&desk), 4_000);
    assert_eq!(desk.run(&["run", "@serve"]).spec.grace_ms, 60_000);
    desk.context.caller.env.push((GRACE.into(), "x".into()));
    desk.context.caller.env.remove(1);
    let line = desk.call(&["run", "ls"]).unwrap_err();
    assert!(line.starts_with("WRANGLE_TASK_GRACE: "), "{line}");
}

#[test]
fn what_is_not_trusted_runs_nothing_and_sets_nothing() {
    let desk = Desk::new(FILE);
    let dir = desk.dir();
    let line = desk.call(&["run", "@test"]).unwrap_err();
    let wanted = format!(
        "{0}/wrangle.toml is not trusted; read it, then wrangle trust {0}",
        dir.display()
    );
    assert_eq!(line, wanted);
    let (run, notice) = desk.call(&["run", "ls"]).unwrap();
    assert_eq!(run.spec.grace_ms, 10_000);
    assert!(
        notice
            .unwrap()
            .contains("defaults for tasks are ignored, since")
    );
    // trust of what lies above or below is not meant
    desk.context.trust.add(dir.parent().unwrap()).unwrap();
    desk.context.trust.add(&dir.join("web")).unwrap();
    assert!(desk.call(&["run", "@test"]).is_err());
    desk.context.trust.add(&dir).unwrap();
    assert_eq!(desk.call(&["run", "ls"]).unwrap().1, None);
    // a file that sets nothing by itself, or is wrong, is nobody's concern
    for file in ["[tasks.a]\ncommand = \"b\"\n", "[task]\ngrace = 7\n"] {
        let (_, notice) = Desk::new(file).call(&["run", "ls"]).unwrap();
        assert_eq!(notice, None);
    }
}

#[test]
fn what_is_wrong_is_told() {
    let desk = Desk::trusted(FILE);
    let offers = "wrangle.toml offers @serve (serve), @test (make test)";
    for (word, parts) in [
        ("@", ["say which task", offers]),
        ("@tets", ["no task @tets (did you mean @test?); ", offers]),
        ("@xyzzy", ["no task @xyzzy; ", offers]),
    ] {
        let line = desk.call(&["run", word]).unwrap_err();
        assert!(parts.iter().all(|part| line.contains(part)), "{line}");
    }
    let outside = ["run", "--dir", "/", "@test"];
    let line = desk.call(&outside).unwrap_err();
    assert!(line.starts_with("no wrangle.toml from / upwards"), "{line}");
    let wrong = Desk::trusted("[tasks.a]\ncommnad = \"b\"\n");
    for word in ["@a", "ls"] {
        let line = wrong.call(&["run", word]).unwrap_err();
        assert!(line.contains("wrangle.toml:2: unknown key"), "{line}");
    }
    let gone = Desk::trusted("[tasks.a]\ncommand = \"b\"\ndir = \"gone\"\n");
    let line = gone.call(&["run", "@a"]).unwrap_err();
    assert!(line.contains("p/gone"), "{line}");
}

#[test]
fn the_bar_trusts_and_runs_and_completes() {
    let desk = Desk::new(FILE);
    let texts = |line: &str| -> Vec<String> {
        let found = complete(line, line.len(), &desk.context, std::iter::empty());
        let found = found.candidates.into_iter();
        found
            .map(|found| format!("{} {}", found.text, found.help))
            .collect()
    };
    assert_eq!(texts("run @t"), ["@test not trusted"]);
    assert_eq!(desk.said("trust --list"), Ok("nothing".into()));
    let trusted = format!("{} is trusted", desk.dir().display());
    assert_eq!(desk.said("trust ../.."), Ok(trusted));
    assert!(desk.said("trust ../..").unwrap().contains("already"));
    assert_eq!(
        desk.said("trust --list"),
        Ok(desk.dir().display().to_string())
    );
    assert_eq!(texts("run @"), ["@serve serve", "@test make test"]);
    assert_eq!(texts("run --dir / @"), Vec::<String>::new());
    assert_eq!(texts("run ls @"), Vec::<String>::new());
    let asked = parse_bar("run @test -k", &desk.context);
    let Ok(Asked::Request(Request::Run(run))) = asked else {
        panic!("{asked:?}");
    };
    assert_eq!(words(&run)[2..], ["make test \"$@\"", "sh", "-k"]);
    assert!(
        desk.said("trust --remove ../..")
            .unwrap()
            .contains("no more")
    );
    assert!(desk.said("trust --remove ../..").is_err());
    assert!(
        desk.said("trust /dev/null")
            .unwrap_err()
            .contains("not a directory")
    );
    assert!(desk.said("trust gone").unwrap_err().contains("gone"));
    assert!(desk.call(&["run", "@test"]).is_err());
}

#[test]
fn what_is_offered_has_a_place_in_the_queue_that_options_go_before() {
    let desk = Desk::trusted(
        r#"
        [tasks.review]
        command = "review"
        model = "anthropic/opus"
        lane = "reviews"
        priority = "low"
        exclusive = true
        timeout = "1h"
        idle_timeout = "5m"
        on_idle = "stop"
        retry = 2
        retry_on = ["timed_out", "failed"]
        "#,
    );
    let run = desk.run(&["run", "@review"]);
    let spec = &run.spec;
    assert_eq!(run.priority, Priority::Low);
    assert_eq!(spec.model.as_deref(), Some("anthropic/opus"));
    assert_eq!(spec.lane.as_deref(), Some("reviews"));
    assert_eq!(spec.provider.as_deref(), Some("anthropic"));
    assert_eq!(spec.lease.as_ref().unwrap().path(), desk.dir());
    assert_eq!((spec.timeout_ms, spec.restarts), (Some(3_600_000), 2));
    assert_eq!(
        spec.idle.map(|idle| (idle.after_ms, idle.stop)),
        Some((300_000, true))
    );
    assert_eq!(spec.retry_on, [Fate::Failed, Fate::TimedOut]);
    let run = desk.run(&[
        "run",
        "--lane",
        "now",
        "--priority",
        "high",
        "--share",
        "--timeout",
        "1m",
        "--on-idle",
        "tell",
        "--retry",
        "0",
        "@review",
    ]);
    let spec = &run.spec;
    assert_eq!(
        (run.priority, spec.lane.as_deref()),
        (Priority::High, Some("now"))
    );
    assert_eq!(
        (&spec.lease, spec.timeout_ms, spec.restarts),
        (&None, Some(60_000), 0)
    );
    assert_eq!(spec.idle.map(|idle| idle.stop), Some(false));
}
