//! What a project's file offers in a directory, where it is trusted.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::command::Context;
use super::disk::within;
use crate::config::{Offer, PROJECT, Project, parse_duration, similar};
use crate::core::wire::Caller;

/// How long a project's file is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// The variable that goes before a project's `task.grace`.
const GRACE: &str = "WRANGLE_TASK_GRACE";

/// The project's file that holds in a directory.
#[derive(Debug)]
pub(super) struct Found {
    file: PathBuf,
    dir: PathBuf,
    trusted: bool,
    project: Result<Project, String>,
}

/// What tasks in a directory are given where they don't say themselves.
#[derive(Debug, Default)]
pub(super) struct Defaults {
    pub(super) grace: Option<Duration>,
    /// What a person should know of it.
    pub(super) notice: Option<String>,
}

/// Looks for a project's file from a directory upwards.
///
/// # Errors
/// When the disk doesn't answer, or it can't be told whether the file is trusted.
pub(super) fn look(dir: &Path, context: &Context) -> Result<Option<Found>, String> {
    look_for(dir, context, PATIENCE).unwrap_or_else(|| {
        Err(format!(
            "cannot look for {PROJECT} from {} upwards: its disk does not answer; try again",
            dir.display()
        ))
    })
}

/// The same; `None` when it takes longer than `patience`.
fn look_for(
    dir: &Path,
    context: &Context,
    patience: Duration,
) -> Option<Result<Option<Found>, String>> {
    let (from, trust) = (dir.to_path_buf(), context.trust.clone());
    within(patience, move || {
        let from = from.canonicalize().unwrap_or(from);
        let Some(file) = Project::find(&from) else {
            return Ok(None);
        };
        let dir = file.parent().unwrap_or(Path::new("/")).to_path_buf();
        let trusted = trust.covers(&dir)?;
        let project = Project::read(&file)
            .map_err(|problems| problems.into_iter().next().unwrap_or_default());
        Ok(Some(Found {
            file,
            dir,
            trusted,
            project,
        }))
    })
}

/// The names of what is offered in a directory, with their commands, as far as they can
/// be had at once.
pub(super) fn names(dir: &Path, context: &Context, patience: Duration) -> Vec<(String, String)> {
    let Some(Ok(Some(found))) = look_for(dir, context, patience) else {
        return Vec::new();
    };
    let help = |offer: &Offer| {
        if found.trusted {
            offer.command_line()
        } else {
            "not trusted".into()
        }
    };
    let Ok(project) = &found.project else {
        return Vec::new();
    };
    let tasks = project.tasks.iter();
    tasks
        .map(|(name, offer)| (name.clone(), help(offer)))
        .collect()
}

/// The task of this name that is offered in `dir`.
///
/// # Errors
/// One line: there is no such task, or its file is not trusted or wrong.
pub(super) fn offer(found: Option<Found>, dir: &Path, name: &str) -> Result<Offer, String> {
    let Some(found) = found else {
        return Err(format!(
            "no {PROJECT} from {} upwards offers @{name}; write one, or say by --dir where it lies",
            dir.display()
        ));
    };
    found.check_trust()?;
    let mut project = found.project?;
    if let Some(offer) = project.tasks.remove(name) {
        return Ok(offer);
    }
    let file = project.file.display();
    if project.tasks.is_empty() {
        return Err(format!("{file} offers no task; add [tasks.NAME] to it"));
    }
    let all = project.tasks.iter();
    let all: Vec<String> = all
        .map(|(name, offer)| format!("@{name} ({})", offer.command_line()))
        .collect();
    let all = all.join(", ");
    if name.is_empty() {
        return Err(format!("say which task; {file} offers {all}"));
    }
    let meant = similar(name, project.tasks.keys().map(String::as_str));
    let meant = meant.map_or_else(String::new, |meant| format!(" (did you mean @{meant}?)"));
    Err(format!("no task @{name}{meant}; {file} offers {all}"))
}

/// What tasks in a directory are given: the environment goes before the project's file,
/// and that before what else is configured.
///
/// # Errors
/// When a trusted file, or the variable, is wrong.
pub(super) fn defaults(found: Option<&Found>, caller: &Caller) -> Result<Defaults, String> {
    let mut defaults = Defaults::default();
    match found {
        Some(Found {
            trusted: true,
            project,
            ..
        }) => {
            let project = project.as_ref().map_err(Clone::clone)?;
            defaults.grace = project.grace();
        }
        Some(Found {
            project: Ok(project),
            ..
        }) if project.sets_anything() => {
            let (file, dir) = (project.file.display(), project.dir.display());
            defaults.notice = Some(format!(
                "{file} sets defaults for tasks, which are ignored: it is not trusted; read it, then wrangle trust {dir}"
            ));
        }
        _ => {}
    }
    if let Some(text) = caller.var(GRACE) {
        let most = Duration::from_secs(86_400);
        let grace = parse_duration(&text.lossy(), most).map_err(|why| format!("{GRACE}: {why}"))?;
        defaults.grace = Some(grace);
    }
    Ok(defaults)
}

impl Found {
    fn check_trust(&self) -> Result<(), String> {
        if self.trusted {
            return Ok(());
        }
        let (file, dir) = (self.file.display(), self.dir.display());
        Err(format!(
            "{file} is not trusted; read it, then wrangle trust {dir}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::fs;

    use tempfile::TempDir;

    use super::*;
    use crate::config::Trust;
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
                Asked::Said(line) | Asked::Help(line) => Ok(line),
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
                .contains("which are ignored: it is not trusted")
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
}
