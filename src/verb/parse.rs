//! From words to verbs.

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches};

use super::command::{Asked, Call, Command, Context};
use super::error::Stop;
use super::registry::{Cli, Verb};
use crate::core::wire::Request;

/// The command line's verb; `None`: the screen. `words` without the program's name.
///
/// # Errors
/// [`Stop`]: help was asked for, or the line is wrong.
pub fn parse_args(words: impl IntoIterator<Item = OsString>) -> Result<Option<Verb>, Stop> {
    let words: Vec<OsString> = words.into_iter().collect();
    let cli = Cli::command().no_binary_name(true).bin_name("wrangle");
    let matches = cli.try_get_matches_from(&words)?;
    let mut verb = Cli::from_arg_matches(&matches)?.verb;
    if let Some(Verb::Run(run)) = &mut verb {
        let before = words.iter().rev().nth(run.argv.len());
        run.dashed = before.is_some_and(|word| word == "--");
    }
    Ok(verb)
}

/// What a line in the command bar asks; a leading `:` does no harm.
///
/// # Errors
/// One line that names what was wrong and the remedy.
pub fn parse_bar(line: &str, context: &Context) -> Result<Asked, String> {
    let line = line.trim().trim_start_matches(':').trim_start();
    let words = shlex::split(line).ok_or("a quote is not closed; close it")?;
    let name = words.first().cloned().unwrap_or_default();
    let verb = match parse_args(words.into_iter().map(OsString::from)) {
        Ok(Some(Verb::Run(mut run))) => {
            run.in_bar = true;
            Verb::Run(run)
        }
        Ok(Some(Verb::Send(mut send))) => {
            send.in_bar = true;
            Verb::Send(send)
        }
        Ok(Some(verb)) => verb,
        Ok(None) => return Err("no verb given; help lists them".into()),
        Err(Stop::Help(text)) => return Ok(Asked::Help(text)),
        // here no program is named
        Err(Stop::Usage(line)) => return Err(line.replace("wrangle ", "")),
    };
    match verb.ask(context)? {
        Command::Call(Call {
            timeout: Some(_), ..
        }) => Err("--timeout works on the command line alone; leave it out".into()),
        Command::Call(Call { any: true, .. }) => {
            Err("--any works on the command line alone; leave it out".into())
        }
        Command::Call(Call {
            request: Request::Show(target),
            ..
        }) => Ok(Asked::Look(target)),
        Command::Why(target) => Ok(Asked::Why(target)),
        Command::Call(Call {
            request,
            notice: Some(notice),
            ..
        }) => Ok(Asked::Noted(request, notice)),
        Command::Call(call) => Ok(Asked::Request(call.request)),
        Command::Again(_) => Err(
            "many are run again in a shell: wrangle retry --label L; here r runs the selected one again".into(),
        ),
        Command::Limits(limits) => Ok(Asked::Limits(limits.request, limits.on)),
        Command::Logs(logs) if logs.follow => Ok(Asked::Look(logs.target)),
        Command::Logs(logs) => Ok(Asked::Page(logs.target)),
        Command::Said(lines) => Ok(match lines.as_slice() {
            [] => Asked::Said("nothing".into()),
            [line] => Asked::Said(line.clone()),
            lines => Asked::Text(name, lines.join("\n")),
        }),
        Command::Export(export) => Ok(Asked::Export(export)),
        Command::Events(_) => Err(
            "events are printed in a shell: wrangle events -f".into(),
        ),
        Command::Screen
        | Command::Supervisor { .. }
        | Command::Doctor
        | Command::Config(_)
        | Command::Told(_) => {
            Err("that verb works on the command line alone; type it in a shell".into())
        }
    }
}
