//! Parse, dispatch, exit code.

use std::env;
use std::process::ExitCode;

use wrangle::client::{self, Trouble};
use wrangle::config::{Config, Paths, Sources};
use wrangle::verb::{self, Command, Context, Stop, Verb};
use wrangle::{shim, supervisor};

fn main() -> ExitCode {
    let mut words = env::args_os().skip(1).peekable();
    // before anything else: a shim starts with every task and stays small
    if words.peek().is_some_and(|word| word == "__shim") {
        return shim::main();
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

fn dispatch(verb: Option<Verb>) -> Result<u8, Trouble> {
    let paths = Paths::find().map_err(Trouble::Usage)?;
    let set = match &verb {
        Some(Verb::Supervisor(supervisor)) => supervisor.set.clone(),
        _ => Vec::new(),
    };
    let config = Config::read(&Sources::here(&paths, set));
    if let Some(Verb::Doctor(_)) = verb {
        // it is there to say what is wrong
        return client::doctor(&paths, config.as_ref().map_err(Vec::as_slice));
    }
    let config = config.map_err(|problems| Trouble::Usage(first(&problems)))?;
    let context = Context::here(&config);
    let command = match verb {
        Some(verb) => verb.ask(&context).map_err(Trouble::Usage)?,
        None => Command::Screen,
    };
    match command {
        Command::Supervisor { detached } => supervisor::main(&paths, &config, detached)
            .map(|()| 0)
            .map_err(Trouble::Unreachable),
        command => client::perform(command, &paths, &config, context),
    }
}

/// What is wrong with the configuration, in one line.
fn first(problems: &[String]) -> String {
    match problems {
        [] => String::new(),
        [one] => one.clone(),
        [one, rest @ ..] => format!(
            "{one} (and {} more: wrangle config check lists them)",
            rest.len()
        ),
    }
}
