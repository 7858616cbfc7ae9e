//! Parse, dispatch, exit code.

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use wrangle::client::{self, Trouble};
use wrangle::config::{Config, Paths, Sources, in_short};
use wrangle::core::version;
use wrangle::shim;
use wrangle::supervisor::{self, Start};
use wrangle::verb::{self, Command, Context, Stop, Verb};

fn main() -> ExitCode {
    run(env!("CARGO_PKG_VERSION"))
}

/// The program; `version` is what it calls itself.
pub(crate) fn run(version: &'static str) -> ExitCode {
    version::claim(version);
    let mut words = env::args_os().skip(1).peekable();
    // before anything else: a shim starts with every task and stays small
    match words.peek().and_then(|word| word.to_str()) {
        Some("__shim") => return shim::main(),
        Some("__hook") => return shim::hook(),
        _ => {}
    }
    if let Some(shell) = env::var_os(verb::ASKED)
        && words.next_if(|word| word == "--").is_some()
    {
        return complete(&shell.to_string_lossy(), words.collect());
    }
    let done = match verb::parse_args(words) {
        Ok(verb) => dispatch(verb),
        Err(Stop::Help(text)) => client::print(&text).map(|()| 0),
        Err(Stop::Usage(line)) => Err(Trouble::Usage(line)),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(trouble) => trouble.report(),
    }
}

/// Answers a shell that completes a line. Whatever is wrong, a prompt is no place to say it.
fn complete(shell: &str, words: Vec<OsString>) -> ExitCode {
    let answer = || -> Option<()> {
        let paths = Paths::find().ok()?;
        let sources = Sources::here(&paths, Vec::new());
        let config = Config::examine(&sources).0;
        let config = config.or_else(|| Config::default_at(&sources).ok())?;
        let context = Context::here(&config, &paths);
        let answer = verb::answer(shell, words, &context, move || client::glance(&paths)).ok()?;
        client::print(&String::from_utf8_lossy(&answer)).ok()
    };
    ExitCode::from(u8::from(answer().is_none()))
}

fn dispatch(verb: Option<Verb>) -> Result<u8, Trouble> {
    // a broken configuration is no reason not to
    if let Some(told) = verb.as_ref().and_then(Verb::told) {
        return client::tell(&told);
    }
    let paths = Paths::find().map_err(Trouble::Usage)?;
    let set = match &verb {
        Some(Verb::Supervisor(supervisor)) => supervisor.set.clone(),
        _ => Vec::new(),
    };
    let sources = Sources::here(&paths, set);
    let config = Config::read(&sources);
    let config = match (config, &verb) {
        // it is there to say what is wrong
        (config, Some(Verb::Doctor(_))) => {
            return client::doctor(&paths, config.as_ref().map_err(Vec::as_slice));
        }
        (Ok(config), _) => config,
        (Err(problems), Some(Verb::Run(_) | Verb::Supervisor(_))) => {
            let problem = in_short(&problems);
            if let Some(Verb::Supervisor(supervisor)) = &verb
                && supervisor.detached
            {
                client::print(&format!("{problem}\n"))?;
            }
            return Err(Trouble::Usage(problem));
        }
        // a file half edited keeps nobody from a herd that runs
        (Err(_), _) => Config::default_at(&sources).map_err(Trouble::Failed)?,
    };
    let context = Context::here(&config, &paths);
    let command = match verb {
        Some(verb) => verb.ask(&context).map_err(Trouble::Usage)?,
        None => Command::Screen,
    };
    match command {
        Command::Supervisor { detached, takeover } => {
            supervisor::main(&paths, &config, Start { detached, takeover })
                .map(|()| 0)
                .map_err(Trouble::Unreachable)
        }
        command => client::perform(command, &paths, &config, context),
    }
}
