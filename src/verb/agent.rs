//! `run --agent`: from a prompt to what is run for it.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueHint};

use super::command::Context;
use super::run::resolve;
use super::text::{MOST, from_file, from_standard_input, not_text};
use crate::config::{Agents, Choice, Profile, Templates, parse_cost, parse_name, parse_tokens};
use crate::core::agent::plan::{Agent, Budget, Feed, PROMPT, read_as_option};
use crate::core::agent::tokens::Usd;
use crate::core::plan::Idle;
use crate::core::raw::Raw;
use crate::core::task::{Kind, Spec};
use crate::core::wire::Caller;

/// The variable of a template that is what is selected on the screen, unless it is set.
const SELECTION: &str = "selection";

/// What errors call it.
const PROMPT_IS: &str = "the prompt";

/// The longest that can be an argument, in bytes: of one argument Linux takes 128 KiB
/// (`MAX_ARG_STRLEN`, execve(2)), and it may have words around it.
const MOST_ARGUMENT: usize = 120 << 10;

/// Where a name made from a prompt is cut, in characters.
const MADE_NAME: usize = 24;

/// An agent that writes nothing for so long, and runs no tool, is stalled.
const STALLED: Duration = Duration::from_secs(600);

/// What help calls these.
const AGENT: &str = "Agent";

/// What a person says about an agent.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Wanted {
    /// Launch this agent: the words behind the options are its prompt
    #[arg(long, value_name = "AGENT", help_heading = AGENT)]
    pub(super) agent: Option<String>,
    /// The prompt, where the words behind the options are a command (generic)
    #[arg(long, value_name = "TEXT", requires = "agent", help_heading = AGENT)]
    prompt: Option<String>,
    /// The prompt is in this file, or on standard input (-)
    #[arg(long, value_name = "FILE", requires = "agent", conflicts_with = "prompt", value_hint = ValueHint::FilePath, help_heading = AGENT)]
    prompt_file: Option<PathBuf>,
    /// Make the prompt from this template of the configuration
    #[arg(long, value_name = "TEMPLATE", requires = "agent", help_heading = AGENT)]
    template: Option<String>,
    /// Sets a variable of the template (repeatable)
    #[arg(long, value_name = "NAME=VALUE", requires = "template", value_parser = variable, help_heading = AGENT)]
    set: Vec<(String, String)>,
    /// What it may do unasked: plan, ask, edit, full, as the agent has it
    #[arg(long, value_name = "MODE", requires = "agent", help_heading = AGENT)]
    permission: Option<String>,
    /// Stop it when it has cost so many dollars
    #[arg(long, value_name = "DOLLARS", requires = "agent", value_parser = parse_cost, help_heading = AGENT)]
    max_cost: Option<Usd>,
    /// Stop it when it has used so many tokens, such as 200k
    #[arg(long, value_name = "TOKENS", requires = "agent", value_parser = parse_tokens, help_heading = AGENT)]
    max_tokens: Option<u64>,
    /// Stop it when it begins one more turn than so many
    #[arg(long, value_name = "TURNS", requires = "agent", value_parser = clap::value_parser!(u32).range(1..), help_heading = AGENT)]
    max_turns: Option<u32>,
}

/// An agent that is to be launched.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    /// What the list calls it where nothing else is said.
    pub(super) name: String,
    /// Program and arguments.
    pub(super) argv: Vec<Raw>,
    /// Variables besides the caller's.
    pub(super) env: Vec<(Raw, Raw)>,
    /// Between SIGTERM and SIGKILL, where the registry says.
    pub(super) grace: Option<Duration>,
    lane: Option<String>,
    provider: Option<String>,
    agent: Agent,
}

impl Chosen {
    /// Lays it into a spec: what the queue's terms said stays.
    pub(super) fn lay(self, spec: &mut Spec) {
        spec.kind = Kind::Agent;
        spec.stdin = self.agent.feed != Feed::Argument;
        spec.lane = spec.lane.take().or(self.lane);
        spec.provider = spec.provider.take().or(self.provider);
        spec.idle = spec.idle.or(Some(Idle {
            after_ms: STALLED.as_millis() as u64,
            stop: false,
        }));
        spec.agent = Some(Box::new(self.agent));
    }
}

impl Wanted {
    /// Whether a prompt is given by an option.
    pub(super) const fn has_prompt(&self) -> bool {
        self.prompt.is_some() || self.prompt_file.is_some() || self.template.is_some()
    }

    /// What is run for it; `words` stand behind the options, `model` among them.
    ///
    /// # Errors
    /// One line: what is wrong, and what to write.
    pub(super) fn choose(
        self,
        name: &str,
        words: Vec<OsString>,
        model: Option<&str>,
        (agents, templates): (&Agents, &Templates),
        (context, in_bar, dashed): (&Context, bool, bool),
    ) -> Result<Chosen, String> {
        let profile = agents.get(name)?;
        let option = |word: &&OsString| {
            let word = word.to_string_lossy();
            word.starts_with("--") && word.len() > 2 && !word.contains(char::is_whitespace)
        };
        if !dashed
            && words.len() > 1
            && let Some(word) = words.iter().find(option)
        {
            return Err(format!(
                "{} stands behind the prompt; options go before it, and -- before a prompt that has such words",
                word.to_string_lossy()
            ));
        }
        let (command, behind) = if profile.program().is_none() {
            (words.into_iter().map(Raw::from).collect(), String::new())
        } else {
            // what can't be passed on as it is isn't passed on as something else
            let words: Result<Vec<String>, OsString> =
                words.into_iter().map(OsString::into_string).collect();
            let words = words.map_err(|_| not_text(PROMPT_IS, "behind the options"))?;
            (Vec::new(), words.join(" "))
        };
        let from = (&context.caller, context.selection.as_deref());
        let prompt = self.text(behind, templates, from, in_bar)?;
        let budget = Budget {
            cost: self.max_cost,
            tokens: self.max_tokens,
            turns: self.max_turns,
        };
        let choice = Choice {
            model,
            permission: self.permission.as_deref(),
            command: &command,
            as_root: nix::unistd::geteuid().is_root(),
        };
        chosen(profile, prompt, budget, choice, &context.caller)
    }

    /// The prompt, from wherever it comes.
    fn text(
        &self,
        behind: String,
        templates: &Templates,
        (caller, selection): (&Caller, Option<&str>),
        in_bar: bool,
    ) -> Result<String, String> {
        let given = match (&self.prompt_file, &self.prompt) {
            (Some(_), _) if !behind.trim().is_empty() => {
                return Err("the prompt is given twice: by --prompt-file and behind the options; leave one out".into());
            }
            (None, Some(_)) if !behind.trim().is_empty() => {
                return Err(
                    "the prompt is given twice: by --prompt and behind the options; leave one out"
                        .into(),
                );
            }
            (Some(file), _) if file.as_os_str() == "-" || is_lone_dash(&behind) => {
                from_standard_input(PROMPT_IS, in_bar)?
            }
            (Some(file), _) => from_file(PROMPT_IS, &resolve(file, caller))?,
            (None, Some(prompt)) => prompt.clone(),
            (None, None) if is_lone_dash(&behind) => from_standard_input(PROMPT_IS, in_bar)?,
            (None, None) => behind,
        };
        match &self.template {
            Some(name) => {
                let mut set = self.set.clone();
                let is_given = set.iter().any(|(name, _)| name == SELECTION);
                let wanted = !is_given && templates.variables(name).contains(&SELECTION);
                let selection = selection.filter(|_| wanted);
                set.extend(selection.map(|text| (SELECTION.to_owned(), text.to_owned())));
                templates.fill(name, &set, given.trim())
            }
            None => Ok(given),
        }
    }
}

fn is_lone_dash(text: &str) -> bool {
    text.trim() == "-"
}

/// What is run for a prompt.
fn chosen(
    profile: &Profile,
    prompt: String,
    budget: Budget,
    choice: Choice<'_>,
    caller: &Caller,
) -> Result<Chosen, String> {
    if prompt.trim().is_empty() {
        return Err(
            "the prompt is empty; write it behind the options, or give --prompt-file FILE, or - for standard input"
                .into(),
        );
    }
    if prompt.contains('\0') {
        return Err("the prompt has a zero byte in it; leave that out".into());
    }
    if prompt.len() > MOST {
        return Err(format!(
            "the prompt has {} bytes, more than {MOST}; name a file in it that holds the rest",
            prompt.len()
        ));
    }
    let commands = profile.commands(choice)?;
    if commands.feed == Feed::Argument && prompt.len() > MOST_ARGUMENT {
        return Err(format!(
            "the prompt has {} bytes, and {} takes it as an argument, which can have {MOST_ARGUMENT} at most; name a file in it that holds the rest",
            prompt.len(),
            profile.name
        ));
    }
    let env = &commands.env;
    let path = env.iter().rev().find(|(key, _)| key.as_bytes() == b"PATH");
    let path = path.map(|(_, value)| value).or_else(|| caller.var("PATH"));
    let program = &commands.fresh[0];
    if find(program, path, caller).is_none() {
        let remedy = profile.install.as_ref().map_or_else(
            || "install it, or name it by program in the configuration".to_owned(),
            |install| format!("{install} installs it"),
        );
        return Err(format!(
            "agent {} is not installed: no program {} in PATH; {remedy}",
            profile.name,
            program.lossy()
        ));
    }
    if let Some(line) = read_as_option(&commands.fresh, &prompt, &profile.name) {
        return Err(line);
    }
    let in_it = |words: &[Raw]| words.iter().any(|word| word.lossy().contains(PROMPT));
    let argv = if in_it(&commands.fresh) {
        crate::core::agent::plan::fill(&commands.fresh, &prompt, "")
    } else {
        commands.fresh
    };
    Ok(Chosen {
        name: name_of(&prompt, &profile.name),
        argv,
        env: commands.env,
        grace: profile.grace,
        lane: profile.lane.clone(),
        provider: profile.provider.clone(),
        agent: Agent {
            name: profile.name.clone(),
            speech: profile.speech,
            feed: commands.feed,
            prompt,
            resume: commands.resume,
            fork: commands.fork,
            forgets_unanswered: profile.forgets_unanswered,
            stop_signal: profile.stop,
            budget,
            permission: choice.permission.map(str::to_owned),
        },
    })
}

/// Where an agent's program lies, as who calls would find it.
pub fn installed(profile: &Profile, context: &Context) -> Option<PathBuf> {
    let own = profile.env.get("PATH").map(|path| Raw::from(path.as_str()));
    let path = own.as_ref().or_else(|| context.caller.var("PATH"));
    find(&Raw::from(profile.program()?), path, &context.caller)
}

/// Where a program lies that a leader would be: by PATH where it has no slash.
fn find(program: &Raw, path: Option<&Raw>, caller: &Caller) -> Option<PathBuf> {
    let runs = |path: &Path| {
        fs::metadata(path)
            .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    let program = program.as_path();
    if program.components().count() > 1 {
        let file = caller.dir.as_path().join(program);
        return runs(&file).then_some(file);
    }
    let path = path.map(|path| path.as_os().to_owned())?;
    std::env::split_paths(&path)
        .map(|dir| caller.dir.as_path().join(dir).join(program))
        .find(|file| runs(file))
}

/// A name for a task: the prompt's first words.
fn name_of(prompt: &str, agent: &str) -> String {
    let mut made = String::new();
    for word in prompt.split(|c: char| !c.is_alphanumeric()) {
        if word.is_empty() {
            continue;
        }
        let length = made.chars().count() + word.chars().count();
        if !made.is_empty() && length >= MADE_NAME {
            break;
        }
        if !made.is_empty() {
            made.push('-');
        }
        made.extend(word.chars().take(MADE_NAME).flat_map(char::to_lowercase));
    }
    parse_name(&made).unwrap_or_else(|_| agent.to_owned())
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().into(), value.into())),
        _ => Err(format!("{text:?} is no variable; write it as NAME=VALUE")),
    }
}
