//! Completion, from the same declaration as everything else.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use clap::{Arg, ArgAction, CommandFactory, ValueHint};

use super::command::Context;
use super::disk::within;
use super::known::{Known, ids, labels, lanes, limits, models};
use super::project;
use super::registered::Registered;
use super::registry::Cli;
use super::run::resolve;
use crate::core::task::Task;

/// How many candidates are worth having.
const MOST: usize = 200;
/// How many directory entries are looked at.
const MOST_ENTRIES: usize = 5_000;
/// How long a completion waits for the disk.
const PATIENCE: Duration = Duration::from_millis(100);

/// A word that could stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What is put in, quoted where a shell would need it.
    pub text: String,
    /// What it is, in a few words; may be empty.
    pub help: String,
    /// Whether a space may follow. A directory may go on instead.
    pub whole: bool,
}

/// What could stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The bytes of the line that a candidate takes the place of.
    pub range: Range<usize>,
    /// Best first.
    pub candidates: Vec<Candidate>,
}

/// What could stand at `cursor`, a byte offset into `line`, when these are the tasks.
/// Directories are read from disk.
pub fn complete<'a>(
    line: &str,
    cursor: usize,
    context: &Context,
    tasks: impl DoubleEndedIterator<Item = &'a Task>,
) -> Completion {
    let mut end = cursor.min(line.len());
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let (before, word, start) = split(&line[..end]);
    let mut candidates = candidates(&before, &word, context, tasks.map(Known::from));
    candidates.truncate(MOST);
    Completion {
        range: start..end,
        candidates,
    }
}

fn candidates<'a>(
    before: &[String],
    word: &str,
    context: &Context,
    tasks: impl DoubleEndedIterator<Item = Known<'a>>,
) -> Vec<Candidate> {
    let cli = Cli::command();
    let Some((verb, given)) = before.split_first() else {
        return cli
            .get_subcommands()
            .filter(|verb| !verb.is_hide_set())
            .map(|verb| plain(verb.get_name(), verb.get_about()))
            .filter(|candidate| candidate.text.starts_with(word))
            .collect();
    };
    let Some(verb) = cli.get_subcommands().find(|known| {
        known
            .get_name_and_visible_aliases()
            .contains(&verb.as_str())
            || known.get_all_aliases().any(|alias| alias == verb)
    }) else {
        return Vec::new();
    };
    let option = |name: &str| {
        verb.get_arguments().find(|arg| {
            arg.get_long()
                .is_some_and(|long| name == format!("--{long}"))
                || arg
                    .get_short()
                    .is_some_and(|short| name == format!("-{short}"))
        })
    };
    let mut positionals = 0;
    let mut expects = None;
    let mut words_only = false;
    for word in given {
        if expects.take().is_some() {
            continue;
        }
        if words_only || !word.starts_with('-') || word == "-" {
            positionals += 1;
        } else if word == "--" {
            words_only = true;
        } else {
            expects = option(word).filter(|arg| arg.get_action().takes_values());
        }
        // what follows a command's first word is the command's own
        if positionals > 0
            && verb
                .get_positionals()
                .next()
                .is_some_and(Arg::is_trailing_var_arg_set)
        {
            words_only = true;
        }
    }
    if let Some(arg) = expects {
        return of(arg, word, given, context, tasks);
    }
    if !words_only && word.starts_with('-') {
        if let Some((name, value)) = word.split_once('=') {
            let found = option(name).map(|arg| of(arg, value, given, context, tasks));
            let mut found = found.unwrap_or_default();
            for candidate in &mut found {
                candidate.text = format!("{name}={}", candidate.text);
            }
            return found;
        }
        return verb
            .get_arguments()
            .filter(|arg| !arg.is_hide_set())
            .filter_map(|arg| Some((arg, format!("--{}", arg.get_long()?))))
            .filter(|(arg, long)| {
                matches!(arg.get_action(), ArgAction::Append) || !given.contains(long)
            })
            .map(|(arg, long)| plain(&long, arg.get_help()))
            .filter(|candidate| candidate.text.starts_with(word))
            .collect();
    }
    let all: Vec<&Arg> = verb.get_positionals().collect();
    let Some(arg) = all
        .get(positionals)
        .or(all.last().filter(|last| is_many(last)))
    else {
        return Vec::new();
    };
    if arg.get_value_hint() == ValueHint::CommandWithArguments
        && positionals == 0
        && let Some(name) = word.strip_prefix('@')
    {
        return for_line(offered(name, given, context));
    }
    of(arg, word, given, context, tasks)
}

/// What an argument may be; of several behind each other, the last.
fn of<'a>(
    arg: &Arg,
    word: &str,
    given: &[String],
    context: &Context,
    tasks: impl DoubleEndedIterator<Item = Known<'a>>,
) -> Vec<Candidate> {
    let delimiter = arg.get_value_delimiter();
    let (before, word) = delimiter
        .and_then(|delimiter| word.rfind(delimiter))
        .map_or(("", word), |at| word.split_at(at + 1));
    let mut found = match (Herds::of(arg), Registered::of(arg)) {
        (Some(what), _) => for_line(what.known(word, given, tasks)),
        (None, Some(what)) => for_line(what.known(word, given, context)),
        (None, None) => values(arg, word, context),
    };
    for candidate in &mut found {
        candidate.text.insert_str(0, before);
    }
    found
}

/// The same as they stand in a line.
fn for_line(mut found: Vec<Candidate>) -> Vec<Candidate> {
    for candidate in &mut found {
        candidate.text = quoted(&candidate.text);
    }
    found
}

/// What the project offers where it would be run, by the words before.
pub(super) fn offered(name: &str, given: &[String], context: &Context) -> Vec<Candidate> {
    let caller = &context.caller;
    let dir = given.iter().rposition(|word| word == "--dir");
    let dir = dir.and_then(|at| given.get(at + 1)).map(Path::new);
    let dir = dir.map_or_else(
        || caller.dir.as_path().to_path_buf(),
        |dir| resolve(dir, caller),
    );
    let found = project::names(&dir, context, PATIENCE).into_iter();
    found
        .filter(|(offered, _)| offered.starts_with(name))
        .map(|(offered, help)| Candidate {
            text: format!("@{offered}"),
            help,
            whole: true,
        })
        .collect()
}

/// What an argument may be that the tasks there are have to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Herds {
    Id,
    Label,
    Lane,
    Limit,
    Model,
}

impl Herds {
    /// By what the argument's value is called.
    pub(super) fn of(arg: &Arg) -> Option<Self> {
        arg.get_value_names()?
            .first()
            .and_then(|name| match name.as_str() {
                "ID" => Some(Self::Id),
                "LABEL" => Some(Self::Label),
                "LANE" => Some(Self::Lane),
                "LIMIT" => Some(Self::Limit),
                "MODEL" => Some(Self::Model),
                _ => None,
            })
    }

    /// What of it begins with a word, where others are given already.
    pub(super) fn known<'a>(
        self,
        word: &str,
        given: &[String],
        tasks: impl DoubleEndedIterator<Item = Known<'a>>,
    ) -> Vec<Candidate> {
        match self {
            Self::Id => ids(word, given, tasks),
            Self::Label => labels(word, given, tasks),
            Self::Lane => lanes(word, tasks),
            Self::Limit => limits(word, tasks),
            Self::Model => models(word, tasks),
        }
    }
}

fn is_many(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
}

/// What an argument may be.
fn values(arg: &Arg, word: &str, context: &Context) -> Vec<Candidate> {
    match arg.get_value_hint() {
        ValueHint::DirPath => paths(word, context, true),
        ValueHint::CommandWithArguments | ValueHint::FilePath => paths(word, context, false),
        _ => arg
            .get_possible_values()
            .iter()
            .map(|value| plain(value.get_name(), value.get_help()))
            .filter(|candidate| candidate.text.starts_with(word))
            .collect(),
    }
}

/// What lies below the directory part of `word`.
fn paths(word: &str, context: &Context, directories: bool) -> Vec<Candidate> {
    let (dir, prefix) = word.rsplit_once('/').map_or(("", word), |(_, prefix)| {
        (&word[..word.len() - prefix.len()], prefix)
    });
    let place = resolve(Path::new(dir), &context.caller);
    let begins = prefix.to_owned();
    let look = move || entries(&place, &begins, directories);
    let mut found = within(PATIENCE, look).unwrap_or_default();
    found.sort();
    found
        .into_iter()
        .map(|(name, is_dir)| Candidate {
            text: quoted(&format!("{dir}{name}{}", if is_dir { "/" } else { "" })),
            help: String::new(),
            whole: !is_dir,
        })
        .collect()
}

/// The names in `place` that begin with `prefix`, and which are directories.
fn entries(place: &Path, prefix: &str, directories: bool) -> Vec<(String, bool)> {
    let Ok(entries) = fs::read_dir(place) else {
        return Vec::new();
    };
    entries
        .take(MOST_ENTRIES)
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let hidden = name.starts_with('.') && !prefix.starts_with('.');
            if hidden || !name.starts_with(prefix) {
                return None;
            }
            // a link to a directory is one
            let is_dir = fs::metadata(entry.path()).is_ok_and(|meta| meta.is_dir());
            (is_dir || !directories).then_some((name, is_dir))
        })
        .collect()
}

fn plain(text: &str, help: Option<&clap::builder::StyledStr>) -> Candidate {
    Candidate {
        text: text.to_owned(),
        help: help.map(ToString::to_string).unwrap_or_default(),
        whole: true,
    }
}

pub(super) fn quoted(text: &str) -> String {
    // a leading ~ is ours to expand, not to quote
    if let Some(below) = text.strip_prefix("~/") {
        return format!("~/{}", quoted(below));
    }
    if text.is_empty() {
        return String::new();
    }
    shlex::try_quote(text).map_or_else(|_| text.to_owned(), Into::into)
}

/// The words before the cursor, the unquoted part of the one it stands in, and where
/// that one begins.
pub(super) fn split(line: &str) -> (Vec<String>, String, usize) {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut start = None;
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        if start.is_none() && (c.is_whitespace() || (c == ':' && words.is_empty())) {
            continue;
        }
        if start.is_some() && quote.is_none() && !escaped && c.is_whitespace() {
            words.push(std::mem::take(&mut word));
            start = None;
            continue;
        }
        start.get_or_insert(at);
        match (quote, c) {
            _ if escaped => {
                escaped = false;
                word.push(c);
            }
            (None | Some('"'), '\\') => escaped = true,
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => word.push(c),
        }
    }
    (words, word, start.unwrap_or(line.len()))
}
