//! `completions`: verbs and options for a shell.

use clap::Args;
use clap_complete::Shell;

use super::command::{Ask, Command, Context};
use super::shell;
use super::told::Told;

/// Print completions for a shell.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
They know the tasks there are by number and name, labels, and what a project offers (@NAME).
Where they are looked for:
  bash        ~/.local/share/bash-completion/completions/wrangle
  zsh         _wrangle in a directory of $fpath
  fish        ~/.config/fish/completions/wrangle.fish
  elvish      ~/.config/elvish/lib/wrangle.elv, then: use wrangle
  powershell  a file that $PROFILE runs")]
pub struct Completions {
    /// For which shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    pub(super) fn told(&self) -> Told {
        // all that can fail is what the text is written to
        let text = shell::script(&self.shell.to_string()).unwrap_or_default();
        Told::Text(String::from_utf8_lossy(&text).into_owned())
    }
}

impl Ask for Completions {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Command::Told(self.told()))
    }
}
