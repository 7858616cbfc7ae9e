//! `export`: a task with its output as one document.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};

use super::command::{self, Ask, Command, Context, Document};
use super::run::resolve;
use crate::core::id::Target;

/// Write a task with its output as one document.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "In the command bar it goes to task-ID.md or task-ID.json in the directory the screen was opened in, where -o says nothing.\nwrangle schema export describes the JSON."
)]
pub struct Export {
    /// Its number, its name, or @ for the newest
    #[arg(value_name = "ID")]
    target: Target,
    /// What kind of document
    #[arg(long, value_name = "FORM", default_value = "md", value_parser = document())]
    format: Document,
    /// Write to this file, all of it or nothing; - is standard output
    #[arg(short, long = "output", value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
    /// Only this run, from 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    run: Option<u32>,
    /// Asked for by a screen: says that it is done, too.
    #[arg(long, hide = true)]
    told: bool,
}

impl Ask for Export {
    fn ask(self, context: &Context) -> Result<Command, String> {
        Ok(Command::Export(command::Export {
            target: self.target,
            document: self.format,
            to: self
                .output
                .filter(|path| path != Path::new("-"))
                .map(|path| resolve(&path, &context.caller)),
            run: self.run,
            told: self.told,
        }))
    }
}

fn document() -> impl TypedValueParser<Value = Document> {
    PossibleValuesParser::new([
        PossibleValue::new("md").help("Markdown, to be read"),
        PossibleValue::new("json").help("one JSON object, for programs"),
    ])
    .map(|word| match word.as_str() {
        "json" => Document::Json,
        _ => Document::Markdown,
    })
}
