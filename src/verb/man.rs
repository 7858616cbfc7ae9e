//! `man`: the manual's pages.

use std::path::PathBuf;

use clap::{Args, CommandFactory, ValueHint};
use clap_mangen::Man as Page;
use clap_mangen::roff::{Roff, bold, roman};

use super::command::{Ask, Command, Context};
use super::registry::Cli;
use super::told::Told;
use crate::core::version;

/// Print the manual page.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
man finds pages in man1 below a directory of $MANPATH, such as ~/.local/share/man/man1.
Without --out the page of wrangle itself is printed: wrangle man | man -l -")]
pub struct Man {
    /// Write it, and a page for every verb, into this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    out: Option<PathBuf>,
}

impl Man {
    pub(super) fn told(&self) -> Told {
        let mut cli = Cli::command().disable_help_subcommand(true);
        // now every verb knows by which words it is called
        cli.build();
        match &self.out {
            None => Told::Text(page(cli).1),
            Some(dir) => {
                let verbs: Vec<_> = cli
                    .get_subcommands()
                    .filter(|verb| !verb.is_hide_set())
                    .cloned()
                    .collect();
                let pages = [cli].into_iter().chain(verbs).map(page).collect();
                Told::Files(dir.clone(), pages)
            }
        }
    }
}

impl Ask for Man {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Command::Told(self.told()))
    }
}

/// Files, on the page of wrangle itself.
const FILES: [(&str, &str); 4] = [
    (
        "config.toml",
        "What you set: in the platform's configuration directory, or in WRANGLE_HOME. wrangle config path says where, wrangle config default prints every key with its meaning.",
    ),
    (
        "wrangle.toml",
        "What a project sets and offers by name, in its directory; nothing until wrangle trust was said there. wrangle config default project prints an example.",
    ),
    (
        "wrangle.db",
        "Tasks and what happened to them; their output lies beside it, in tasks. wrangle doctor says where.",
    ),
    (
        "supervisor.log, hooks.log",
        "What the supervisor has to say, and what hooks printed; beside the database.",
    ),
];

/// Variables, on the page of wrangle itself.
const VARIABLES: [(&str, &str); 4] = [
    (
        "WRANGLE_HOME",
        "A directory for configuration, data and sockets: a herd of its own.",
    ),
    (
        "WRANGLE_SECTION_KEY",
        "Sets what [section] key sets in config.toml, and goes before it: WRANGLE_TASK_GRACE=5s.",
    ),
    (
        "NO_COLOR",
        "Where it is set and not empty, nothing is coloured.",
    ),
    ("PAGER", "What shows a whole log from the screen."),
];

/// A page's file name and its text.
fn page(command: clap::Command) -> (String, String) {
    let whole = command.has_subcommands();
    let page = Page::new(command)
        .manual("wrangle")
        .source(format!("wrangle {}", version::ours()));
    let mut text = Vec::new();
    // a vector takes whatever is written to it
    page.render(&mut text).ok();
    let mut text = String::from_utf8_lossy(&text).into_owned();
    let extra = if whole { "EXIT STATUS" } else { "NOTES" };
    text = text.replacen("\n.SH EXTRA\n", &format!("\n.SH \"{extra}\"\n"), 1);
    if whole {
        let own = list("ENVIRONMENT", &VARIABLES) + &list("FILES", &FILES);
        text = text.replacen(".SH VERSION\n", &format!("{own}.SH VERSION\n"), 1);
    }
    (page.get_filename(), text)
}

/// A section of names with what each is.
fn list(heading: &str, entries: &[(&str, &str)]) -> String {
    let mut section = Roff::new();
    section.control("SH", [heading]);
    for (name, what) in entries {
        section.control("TP", []);
        section.text([bold(*name)]);
        section.text([roman(*what)]);
    }
    section.to_roff()
}
