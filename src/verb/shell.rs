//! Completion in shells. The scripts that `completions` prints call the program with
//! [`ASKED`] in the environment; clap's engine answers over the same declaration as
//! everything else, and here is what it cannot know: tasks, labels, a project's tasks.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use clap::{Arg, Command, CommandFactory, ValueHint};
use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter, complete,
};
use clap_complete::env::{EnvCompleter, Shells};

use super::command::Context;
use super::complete::{Candidate, Herds, offered, quoted, split};
use super::disk::within;
use super::known::Known;
use super::registered::Registered;
use super::registry::Cli;
use crate::core::report::TaskReport;

/// The variable that holds the name of the shell that asks.
pub const ASKED: &str = "WRANGLE_COMPLETE";

/// How long the herd, or the disk, is waited for: somebody holds a key down.
const PATIENCE: Duration = Duration::from_millis(500);

/// `@`, `:` and `=` break words in bash, and it has `@test` completed as `test`. So the
/// line is handed over as it is, with the part that bash puts a candidate in place of.
const BASH: &str = r#"_wrangle() {
    mapfile -t COMPREPLY < <(
        WRANGLE_COMPLETE=bash wrangle -- "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null
    )
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} =~ [/=]\'?$ ]]; then
        compopt -o nospace
    fi
}
complete -o bashdefault -o default -o nosort -F _wrangle wrangle
"#;

/// Found in `$fpath` and run for a first completion, zsh's script has to complete at once.
const ZSH: &str = "\
if [[ ${funcstack[1]-} == _wrangle ]]; then
    _clap_dynamic_completer_wrangle \"$@\"
fi
";

/// The script that has a shell ask.
pub(super) fn script(shell: &str) -> io::Result<Vec<u8>> {
    if shell == "bash" {
        return Ok(BASH.into());
    }
    let mut text = Vec::new();
    adapter(shell)?.write_registration(ASKED, "wrangle", "wrangle", "wrangle", &mut text)?;
    if shell == "zsh" {
        text.extend_from_slice(ZSH.as_bytes());
    }
    Ok(text)
}

/// What a shell is answered: `words` are what its script hands over after `--`, `herd` the
/// tasks there are, which are asked for once and only if they matter.
///
/// # Errors
/// When there is no such shell, or the words are not its script's.
pub fn answer(
    shell: &str,
    words: Vec<OsString>,
    context: &Context,
    herd: impl FnOnce() -> Vec<TaskReport> + Send + 'static,
) -> io::Result<Vec<u8>> {
    if words.is_empty() {
        return Err(io::Error::other(
            "no words to complete; wrangle completions prints a script that gives them",
        ));
    }
    let dir = context.caller.dir.as_path().to_path_buf();
    if shell == "bash" {
        let text = |at: usize| words.get(at).map(|word| word.to_string_lossy());
        let line = text(0).unwrap_or_default();
        return bash(&line, &text(1).unwrap_or_default(), &dir, context, herd);
    }
    let mut given: Vec<String> = words
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    // the one under way
    given.pop();
    let mut cli = declared(given, context, herd);
    let mut answer = Vec::new();
    adapter(shell)?.write_complete(&mut cli, words, Some(&dir), &mut answer)?;
    Ok(answer)
}

fn adapter(shell: &str) -> io::Result<&'static dyn EnvCompleter> {
    const SHELLS: Shells<'static> = Shells::builtins();
    let found = SHELLS.0.iter().find(|known| known.is(shell));
    found.copied().ok_or_else(|| {
        let all: Vec<&str> = SHELLS.names().collect();
        io::Error::other(format!(
            "{ASKED}: {shell:?} is no shell; one of {}",
            all.join(", ")
        ))
    })
}

/// A candidate a line, each without what already stands before `replaced`, the end of the
/// line that bash puts it in place of.
fn bash(
    line: &str,
    replaced: &str,
    dir: &Path,
    context: &Context,
    herd: impl FnOnce() -> Vec<TaskReport> + Send + 'static,
) -> io::Result<Vec<u8>> {
    let (before, word, start) = split(line);
    let typed = &line[start..];
    let stays = word.strip_suffix(replaced).unwrap_or_default();
    let in_quotes = typed.contains(['\'', '"']);
    let mut cli = declared(before.clone(), context, herd);
    let index = before.len();
    let words = before.into_iter().chain([word.clone()]);
    let found = complete(
        &mut cli,
        words.map(OsString::from).collect(),
        index,
        Some(dir),
    )?;
    let mut answer = Vec::new();
    for candidate in found {
        let text = candidate.get_value().to_string_lossy();
        let Some(text) = text.strip_prefix(stays) else {
            continue;
        };
        let text = if in_quotes {
            text.to_owned()
        } else {
            quoted(text)
        };
        answer.extend_from_slice(text.as_bytes());
        answer.push(b'\n');
    }
    Ok(answer)
}

/// The declaration, with what can only be known now. `given` are the words before.
fn declared(
    given: Vec<String>,
    context: &Context,
    herd: impl FnOnce() -> Vec<TaskReport> + Send + 'static,
) -> Command {
    let herd = Arc::new(Herd::new(given, herd));
    let context = context.clone();
    Cli::command().mut_subcommands(move |verb| {
        let (herd, context) = (Arc::clone(&herd), context.clone());
        verb.mut_args(move |arg| extended(arg, &herd, &context))
    })
}

fn extended<H>(arg: Arg, herd: &Arc<Herd<H>>, context: &Context) -> Arg
where
    H: FnOnce() -> Vec<TaskReport> + Send + 'static,
{
    let herd = Arc::clone(herd);
    if let Some(what) = Herds::of(&arg) {
        return arg.add(completer(move |word| {
            what.known(word, &herd.given, herd.tasks().iter().map(Known::from))
        }));
    }
    if let Some(what) = Registered::of(&arg) {
        let context = context.clone();
        return arg.add(completer(move |word| {
            what.known(word, &herd.given, &context)
        }));
    }
    if arg.get_value_hint() == ValueHint::CommandWithArguments {
        let context = context.clone();
        return arg.add(ArgValueCompleter::new(move |word: &OsStr| {
            match word.to_str().and_then(|word| word.strip_prefix('@')) {
                Some(name) => offered(name, &herd.given, &context)
                    .into_iter()
                    .map(candidate)
                    .collect(),
                None => PathCompleter::any().complete(word),
            }
        }));
    }
    arg
}

fn completer(find: impl Fn(&str) -> Vec<Candidate> + Send + Sync + 'static) -> ArgValueCompleter {
    ArgValueCompleter::new(move |word: &OsStr| {
        let found = word.to_str().map(&find).unwrap_or_default();
        found.into_iter().map(candidate).collect::<Vec<_>>()
    })
}

/// Names have no control characters, so that each is a line.
fn candidate(found: Candidate) -> CompletionCandidate {
    let help = (!found.help.is_empty()).then(|| found.help.into());
    CompletionCandidate::new(found.text).help(help)
}

/// The tasks there are, asked for when first needed.
struct Herd<H> {
    given: Vec<String>,
    ask: Mutex<Option<H>>,
    tasks: OnceLock<Vec<TaskReport>>,
}

impl<H: FnOnce() -> Vec<TaskReport> + Send + 'static> Herd<H> {
    const fn new(given: Vec<String>, ask: H) -> Self {
        Self {
            given,
            ask: Mutex::new(Some(ask)),
            tasks: OnceLock::new(),
        }
    }

    fn tasks(&self) -> &[TaskReport] {
        self.tasks.get_or_init(|| {
            let ask = self.ask.lock().ok().and_then(|mut ask| ask.take());
            ask.and_then(|ask| within(PATIENCE, ask))
                .unwrap_or_default()
        })
    }
}
