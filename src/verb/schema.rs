//! `schema`: what `--json` prints, as JSON Schema.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::command::{Ask, Command, Context};
use super::told::Told;

/// A task, as `--json` shows it.
pub(super) const TASK: &str = include_str!("../../assets/schemas/task.json");
/// An event, as `events --json` shows it.
pub(super) const EVENT: &str = include_str!("../../assets/schemas/event.json");
/// The configuration, as `config show --json` prints it.
const CONFIG: &str = include_str!("../../assets/schemas/config.json");
/// A limit, as `limit --json` shows it.
const LIMIT: &str = include_str!("../../assets/schemas/limit.json");
/// A call of a tool, as `tools --json` shows it.
pub(super) const TOOL: &str = include_str!("../../assets/schemas/tool.json");
/// A sum, as `stats --json` shows it.
pub(super) const STATS: &str = include_str!("../../assets/schemas/stats.json");
/// What `export --format json` writes.
pub(super) const EXPORT: &str = include_str!("../../assets/schemas/export.json");

/// Print the JSON Schema of what --json prints.
#[derive(Debug, Clone, Args)]
pub struct Schema {
    /// Of what
    #[arg(value_name = "WHAT", value_parser = what())]
    what: What,
}

/// What is described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Task,
    Event,
    Export,
    Config,
    Limit,
    Tool,
    Stats,
}

impl Schema {
    pub(super) fn told(&self) -> Told {
        Told::Text(match self.what {
            What::Task => TASK.into(),
            What::Event => EVENT.into(),
            What::Export => export(),
            What::Config => CONFIG.into(),
            What::Limit => LIMIT.into(),
            What::Tool => TOOL.into(),
            What::Stats => STATS.into(),
        })
    }
}

impl Ask for Schema {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Command::Told(self.told()))
    }
}

/// The export's schema with the task's within, so that it stands alone.
fn export() -> String {
    let within = format!("\"$defs\": {{\n\"task\": {}}}", TASK.trim_end());
    EXPORT.replacen("\"$defs\": {}", &within, 1)
}

fn what() -> impl TypedValueParser<Value = What> {
    PossibleValuesParser::new([
        PossibleValue::new("task").help("ls, show and run"),
        PossibleValue::new("event").help("events"),
        PossibleValue::new("export").help("export --format json"),
        PossibleValue::new("limit").help("limit"),
        PossibleValue::new("tool").help("tools"),
        PossibleValue::new("stats").help("stats"),
        PossibleValue::new("config").help("config show --json"),
    ])
    .map(|word| match word.as_str() {
        "event" => What::Event,
        "export" => What::Export,
        "config" => What::Config,
        "limit" => What::Limit,
        "tool" => What::Tool,
        "stats" => What::Stats,
        _ => What::Task,
    })
}
