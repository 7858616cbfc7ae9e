//! `run`: launch a command.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};

use super::agent::Wanted;
use super::command::{Ask, Call, Command, Context};
use super::disk::within;
use super::each::{self, Template};
use super::filter::labels;
use super::project;
use super::terms::Terms;
use crate::config::{MOST_GRACE, Offer, parse_duration, parse_label, parse_name};
use crate::core::agent::plan::{PROMPT, read_as_option};
use crate::core::raw::Raw;
use crate::core::record::laid_over;
use crate::core::task::{AfterExit, Spec};
use crate::core::wire::{Caller, Each, Request, RunRequest};

/// Where a name made from the command is cut, in characters.
const MADE_NAME: usize = 24;
/// How long a launch waits for the disk that holds its directory.
const PATIENCE: Duration = Duration::from_secs(1);

/// Launch a command.
#[derive(Debug, Clone, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own on the command line"
)]
#[command(
    after_help = "One argument with spaces and no -- is run by sh -c. @NAME runs what the nearest wrangle.toml offers by that name; more arguments are handed on to it."
)]
pub struct Run {
    /// What the list calls it; else made from the command
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    name: Option<String>,
    /// Where it runs; else here
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    dir: Option<PathBuf>,
    /// Sets an environment variable (repeatable)
    #[arg(long, value_name = "K=V", value_parser = variable())]
    env: Vec<(Raw, Raw)>,
    /// A word by which it is found among others (repeatable)
    #[arg(long, value_name = "LABEL", value_parser = parse_label)]
    label: Vec<String>,
    /// Between SIGTERM and SIGKILL when it is revoked
    #[arg(long, value_name = "TIME", value_parser = grace, allow_hyphen_values = true)]
    grace: Option<Duration>,
    /// What becomes of processes it leaves behind
    #[arg(long, value_name = "WHAT", value_parser = after_exit())]
    after_exit: Option<AfterExit>,
    /// Keep standard input open, so that send can write to it
    #[arg(long)]
    stdin: bool,
    #[command(flatten)]
    wanted: Wanted,
    #[command(flatten)]
    terms: Terms,
    /// A task for each line of this file, or of standard input (-): the line takes the
    /// place of {} in the command, or stands at its end
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "follow")]
    each: Option<PathBuf>,
    /// Print its output until it ends, and exit with its code
    #[arg(long)]
    follow: bool,
    /// Print the task as one JSON object
    #[arg(long, conflicts_with = "follow")]
    json: bool,
    /// The command and its arguments; with --agent, the prompt
    #[arg(
        required_unless_present = "agent",
        trailing_var_arg = true,
        value_name = "CMD",
        value_hint = ValueHint::CommandWithArguments
    )]
    pub(super) argv: Vec<OsString>,
    /// Whether `--` stood before the command.
    #[arg(skip)]
    pub(super) dashed: bool,
    /// Whether it was typed into the command bar.
    #[arg(skip)]
    pub(super) in_bar: bool,
}

impl Ask for Run {
    fn ask(mut self, context: &Context) -> Result<Command, String> {
        let lines = self.each.as_deref();
        let lines = lines.map(|file| each::lines(file, &context.caller, self.in_bar));
        let lines = lines.transpose()?;
        let mut dir = directory(self.dir.as_deref(), &context.caller)?;
        let found = project::look(&dir, context)?;
        let defaults = project::defaults(found.as_ref(), &context.caller)?;
        let offered = if self.dashed || self.wanted.agent.is_some() {
            None
        } else {
            offered(&self.argv)
        };
        let mut offer = Offer::default();
        let (mut chosen, mut argv) = (None, self.argv);
        if let Some(agent) = self.wanted.agent.clone() {
            let (agents, templates) = project::agents(found.as_ref(), context)?;
            self.terms.be_agent();
            // the line is the prompt
            if self.each.is_some() && argv.is_empty() && !self.wanted.has_prompt() {
                argv = vec!["{}".into()];
            }
            let model = self.terms.model().map(str::to_owned);
            chosen = Some(self.wanted.choose(
                &agent,
                std::mem::take(&mut argv),
                model.as_deref(),
                (&agents, &templates),
                (context, self.in_bar, self.dashed),
            )?);
        }
        let (name, template) = if let Some(chosen) = &chosen {
            (chosen.name.clone(), Template::Words(chosen.argv.clone()))
        } else if let Some(name) = offered {
            offer = project::offer(found, &dir, &name)?;
            if self.dir.is_none() {
                dir = directory(Some(&offer.dir), &context.caller)?;
            }
            let more = argv.into_iter().skip(1).map(Raw::from).collect();
            let name = offer.name.clone().unwrap_or(name);
            (name, Template::Offered(Box::new(offer.clone()), more))
        } else {
            if argv
                .first()
                .is_none_or(|word| word.to_string_lossy().trim().is_empty())
            {
                return Err(
                    "the command is empty; name a program, or write a line for sh -c".into(),
                );
            }
            let template = template(argv, self.dashed);
            (name_of(&template.plain()), template)
        };
        let name = self.name.unwrap_or(name);
        let own = chosen.as_ref().and_then(|chosen| chosen.grace);
        let grace = self.grace.or(offer.grace).or(own).or(defaults.grace);
        let given = offer.env.iter();
        let mut given: Vec<(Raw, Raw)> = given
            .map(|(key, value)| (key.as_str().into(), value.as_str().into()))
            .collect();
        given.retain(|(key, _)| self.env.iter().all(|(known, _)| known != key));
        // what the registry gives is no secret of a person's: it is there for every run
        let mut caller = context.caller.clone();
        if let Some(chosen) = &chosen {
            caller.env = laid_over(caller.env, chosen.env.clone());
        }
        given.extend(self.env);
        let mut spec = Spec {
            grace_ms: u64::try_from(grace.unwrap_or(context.grace).as_millis()).unwrap_or(u64::MAX),
            after_exit: self
                .after_exit
                .or(offer.after_exit)
                .unwrap_or(self.terms.after_exit()),
            stdin: self.stdin || offer.stdin,
            labels: labels([offer.labels.clone(), self.label].concat()),
            env_names: given.iter().map(|(key, _)| key.lossy()).collect(),
            ..Spec::command(name.clone(), template.plain(), dir.clone().into())
        };
        let admission = self.terms.lay(&offer, &dir, &mut spec, context)?;
        if let Some(chosen) = chosen {
            chosen.lay(&mut spec);
        }
        let env = laid_over(caller.env, given);
        let request = Box::new(admission.onto(RunRequest::new(spec, env)));
        let request = match lines {
            None => Request::Run(request),
            Some(lines) => {
                let each = of_lines(&request.spec, &template, &name, &lines)?;
                Request::RunEach(request, each)
            }
        };
        Ok(Command::Call(Call {
            json: self.json,
            follow: self.follow,
            notice: defaults.notice,
            ..request.into()
        }))
    }
}

/// A task for every line.
fn of_lines(
    spec: &Spec,
    template: &Template,
    name: &str,
    lines: &[Raw],
) -> Result<Vec<Each>, String> {
    let prompt = spec.agent.as_deref().map(|agent| agent.prompt.as_str());
    let each = lines.iter().map(|line| {
        let (argv, prompt) = match prompt {
            None => (template.with(line), None),
            Some(prompt) => {
                let prompt = each::prompt(prompt, line)?;
                let argv = template.in_place(line);
                let agent = spec.agent.as_deref().map_or("", |agent| &agent.name);
                refuse_option(&argv, &prompt, agent)?;
                (argv, Some(prompt))
            }
        };
        Ok(Each {
            name: each::name(name, line),
            argv,
            prompt,
        })
    });
    each.collect()
}

/// Refuses a line that an agent would take for an option.
fn refuse_option(argv: &[Raw], prompt: &str, agent: &str) -> Result<(), String> {
    let whole = |word: &Raw| word.as_bytes() == prompt.as_bytes();
    let words = argv.iter().map(|word| {
        if whole(word) {
            Raw::from(PROMPT)
        } else {
            word.clone()
        }
    });
    let words: Vec<Raw> = words.collect();
    read_as_option(&words, prompt, agent).map_or(Ok(()), Err)
}

/// The name in `@NAME`, where that is what is to be run.
fn offered(words: &[OsString]) -> Option<String> {
    let name = words.first()?.as_bytes().strip_prefix(b"@")?;
    Some(String::from_utf8_lossy(name).into_owned())
}

/// The command as given; one argument with spaces and no `--` is a shell's.
fn template(words: Vec<OsString>, dashed: bool) -> Template {
    let for_shell = |word: &OsString| word.as_bytes().iter().any(u8::is_ascii_whitespace);
    match words.as_slice() {
        [text] if !dashed && for_shell(text) => Template::Shell(text.clone().into()),
        _ => Template::Words(words.into_iter().map(Raw::from).collect()),
    }
}

/// The directory meant by `--dir`, absolute and without links.
pub(super) fn directory(given: Option<&Path>, caller: &Caller) -> Result<PathBuf, String> {
    let dir = match given {
        Some(given) => resolve(given, caller),
        None => caller.dir.as_path().to_path_buf(),
    };
    let remedy = if given.is_some() {
        "give one that exists by --dir"
    } else {
        "change to one that exists, or give one by --dir"
    };
    let shown = dir.display().to_string();
    let look = move || fs::canonicalize(dir).map(|found| (found.is_dir(), found));
    match within(PATIENCE, look) {
        Some(Ok((true, found))) => Ok(found),
        Some(Ok((false, _))) => Err(format!(
            "cannot run in {shown}: it is not a directory; {remedy}"
        )),
        Some(Err(error)) => Err(format!("cannot run in {shown}: {error}; {remedy}")),
        None => Err(format!(
            "cannot run in {shown}: its disk does not answer; {remedy}"
        )),
    }
}

/// `path` as seen from the caller's directory. In the command bar no shell has
/// expanded a leading `~`.
pub(super) fn resolve(path: &Path, caller: &Caller) -> PathBuf {
    if let Ok(below) = path.strip_prefix("~")
        && let Some(home) = caller.var("HOME")
    {
        return home.as_path().join(below);
    }
    caller.dir.as_path().join(path)
}

/// A name for a command: its program and, where the next word is plain, that word.
fn name_of(argv: &[Raw]) -> String {
    let words: Vec<String> = match argv {
        [sh, c, text] if sh.as_bytes() == b"sh" && c.as_bytes() == b"-c" => {
            text.lossy().split_whitespace().map(str::to_owned).collect()
        }
        _ => argv.iter().map(Raw::lossy).collect(),
    };
    // FOO=1 make test is called after make
    let mut words = words.iter().skip_while(|word| word.contains('='));
    let program = words.next().map_or("", String::as_str);
    let program = Path::new(program)
        .file_name()
        .unwrap_or(OsStr::new("command"))
        .to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "._:+-@".contains(c);
    let mut made: String = program.chars().filter(|c| plain(*c)).collect();
    if let Some(next) = words.next()
        && !next.starts_with('-')
        && next.chars().all(plain)
        && made.len() + next.len() < MADE_NAME
    {
        made.push('-');
        made.push_str(next);
    }
    made.truncate(MADE_NAME);
    parse_name(&made).unwrap_or_else(|_| "command".into())
}

fn grace(text: &str) -> Result<Duration, String> {
    parse_duration(text, MOST_GRACE)
}

/// `K=V`, of any bytes.
fn variable() -> impl TypedValueParser<Value = (Raw, Raw)> {
    clap::builder::OsStringValueParser::new().try_map(|text| {
        let bytes = text.as_bytes();
        match memchr::memchr(b'=', bytes) {
            Some(at) if at > 0 => Ok((
                Raw::from(bytes[..at].to_vec()),
                Raw::from(bytes[at + 1..].to_vec()),
            )),
            _ => Err(format!(
                "{:?} is not a variable; write it as NAME=VALUE",
                text.to_string_lossy()
            )),
        }
    })
}

fn after_exit() -> impl TypedValueParser<Value = AfterExit> {
    PossibleValuesParser::new([
        PossibleValue::new("sweep").help("they are stopped at once"),
        PossibleValue::new("keep").help("they are kept and shown"),
    ])
    .map(|word| match word.as_str() {
        "sweep" => AfterExit::Sweep,
        _ => AfterExit::Keep,
    })
}
