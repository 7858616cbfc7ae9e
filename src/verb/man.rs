//! `man`: the manual's pages.

use std::path::PathBuf;

use clap::{Args, CommandFactory, ValueHint};
use clap_mangen::Man as Page;

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

/// A page's file name and its text.
fn page(command: clap::Command) -> (String, String) {
    let page = Page::new(command)
        .manual("wrangle")
        .source(format!("wrangle {}", version::ours()));
    let mut text = Vec::new();
    // a vector takes whatever is written to it
    page.render(&mut text).ok();
    (
        page.get_filename(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}
