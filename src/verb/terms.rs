//! When and beside whom a task may run: options of `run`, over what a project offers.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::command::Context;
use super::lease::lease;
use super::when;
use crate::config::{MOST_RETRIES, Offer, parse_span};
use crate::core::id::Target;
use crate::core::limit::{lane_name, model_name, provider_of};
use crate::core::plan::{Behind, Fate, Idle, Needs, Priority, Start};
use crate::core::task::{AfterExit, Kind, Spec};
use crate::core::wire::{AFTER_EXIT, RunRequest};

/// What a person says about a task's place in the queue, and its time.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Terms {
    /// What it is: an agent counts among agents, has its directory alone but for --share,
    /// and what it leaves behind is swept but for --after-exit keep
    #[arg(long, value_name = "KIND", value_parser = kind(), help_heading = QUEUE)]
    kind: Option<Kind>,
    /// The model it uses; its lane too, where none is given
    #[arg(long, value_name = "MODEL", value_parser = model_name, help_heading = QUEUE)]
    model: Option<String>,
    /// Whose limit it counts against; wrangle limit sets them
    #[arg(long, value_name = "LANE", value_parser = lane_name, help_heading = QUEUE)]
    lane: Option<String>,
    /// How urgent it is
    #[arg(long, value_name = "PRIORITY", value_parser = priority(), help_heading = QUEUE)]
    priority: Option<Priority>,
    /// Start when all of these have succeeded (a list with commas, or repeated)
    #[arg(long, value_name = "ID", value_delimiter = ',', help_heading = QUEUE)]
    after: Vec<Target>,
    /// Start when one of these has succeeded
    #[arg(long, value_name = "ID", value_delimiter = ',', help_heading = QUEUE)]
    after_any: Vec<Target>,
    /// Start when all of these have ended, however
    #[arg(long, value_name = "ID", value_delimiter = ',', help_heading = QUEUE)]
    after_end: Vec<Target>,
    /// Let no other task that says so have its directory meanwhile
    #[arg(long, help_heading = QUEUE)]
    exclusive: bool,
    /// Have the directory beside others
    #[arg(long, conflicts_with = "exclusive", help_heading = QUEUE)]
    share: bool,
    /// Fail where another has the directory, instead of waiting
    #[arg(long, help_heading = QUEUE)]
    no_wait: bool,
    /// Start at this time, such as 02:00 or "2026-12-01 02:00", and no sooner
    #[arg(long, value_name = "TIME", conflicts_with = "delay", allow_hyphen_values = true, help_heading = TIMES)]
    at: Option<String>,
    /// Start after this time, and no sooner
    #[arg(long = "in", value_name = "TIME", value_parser = parse_span, allow_hyphen_values = true, help_heading = TIMES)]
    delay: Option<Duration>,
    /// Stop it when it has run for so long, pauses not counted
    #[arg(long, value_name = "TIME", value_parser = parse_span, allow_hyphen_values = true, help_heading = TIMES)]
    timeout: Option<Duration>,
    /// See to it when it has written nothing for so long
    #[arg(long, value_name = "TIME", value_parser = parse_span, allow_hyphen_values = true, help_heading = TIMES)]
    idle_timeout: Option<Duration>,
    /// What is done then; else a person is told
    #[arg(long, value_name = "WHAT", value_parser = on_idle(), help_heading = TIMES)]
    on_idle: Option<bool>,
    /// Run it again when it fails, at most so often
    #[arg(long, value_name = "N", value_parser = retries, allow_hyphen_values = true, help_heading = TIMES)]
    retry: Option<u32>,
    /// After which ends; else failed and killed (a list with commas, or repeated)
    #[arg(long, value_name = "OUTCOME", value_delimiter = ',', value_parser = fate(), help_heading = TIMES)]
    retry_on: Vec<Fate>,
}

/// What help calls these.
const QUEUE: &str = "Queue";
const TIMES: &str = "Times";

/// What of them is no part of what a task is.
#[derive(Debug)]
pub(super) struct Admission {
    priority: Priority,
    after: Vec<Behind>,
    start: Start,
    no_wait: bool,
}

impl Admission {
    /// Asks for a task under these terms.
    pub(super) fn onto(self, request: RunRequest) -> RunRequest {
        RunRequest {
            priority: self.priority,
            after: self.after,
            start: self.start,
            no_wait: self.no_wait,
            ..request
        }
    }
}

impl Terms {
    /// Lays them over what is offered, into a task that runs in `dir`.
    ///
    /// # Errors
    /// One line that names the option.
    pub(super) fn lay(
        self,
        offer: &Offer,
        dir: &Path,
        spec: &mut Spec,
        context: &Context,
    ) -> Result<Admission, String> {
        let start = self.start(context)?;
        let after = self.behind();
        spec.model = self.model.or_else(|| offer.model.clone());
        let lane = self.lane.or_else(|| offer.lane.clone());
        spec.lane = lane.or_else(|| spec.model.clone());
        let named = [&spec.model, &spec.lane];
        spec.provider = named
            .into_iter()
            .flatten()
            .find_map(|name| provider_of(name));
        spec.timeout_ms = self.timeout.or(offer.timeout).map(ms);
        spec.idle = self.idle_timeout.or(offer.idle_timeout).map(|after| Idle {
            after_ms: ms(after),
            stop: self.on_idle.unwrap_or(offer.stop_idle),
        });
        if self.on_idle.is_some() && spec.idle.is_none() {
            return Err("--on-idle says what is done after a silence; say by --idle-timeout how long that is".into());
        }
        spec.restarts = self.retry.unwrap_or(offer.restarts);
        if !self.retry_on.is_empty() && spec.restarts == 0 {
            return Err("--retry-on says when it is run again; say by --retry how often".into());
        }
        if let Some(given) = [&self.retry_on, &offer.retry_on]
            .into_iter()
            .find(|given| !given.is_empty())
        {
            let given: BTreeSet<Fate> = given.iter().copied().collect();
            spec.retry_on = given.into_iter().collect();
        }
        spec.kind = self.kind.unwrap_or(Kind::Command);
        let alone = offer.exclusive || spec.kind == Kind::Agent;
        if self.exclusive || (alone && !self.share) {
            spec.lease = Some(lease(dir)?);
        }
        if self.no_wait && spec.lease.is_none() {
            return Err(
                "--no-wait is about the directory; say by --exclusive that it is wanted alone"
                    .into(),
            );
        }
        Ok(Admission {
            priority: self.priority.or(offer.priority).unwrap_or_default(),
            after,
            start,
            no_wait: self.no_wait,
        })
    }

    /// It is an agent, whatever was said.
    pub(super) const fn be_agent(&mut self) {
        self.kind = Some(Kind::Agent);
    }

    /// The model, where one is named.
    pub(super) fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// What becomes of what it leaves behind, where nothing else is said.
    pub(super) fn after_exit(&self) -> AfterExit {
        match self.kind {
            Some(Kind::Agent) => AfterExit::Sweep,
            Some(Kind::Command) | None => AFTER_EXIT,
        }
    }

    fn start(&self, context: &Context) -> Result<Start, String> {
        if let Some(text) = &self.at {
            let at = when::zone(&context.caller)
                .and_then(|zone| when::at(text, jiff::Timestamp::now(), &zone));
            return at.map(Start::At).map_err(|why| format!("--at: {why}"));
        }
        Ok(self.delay.map_or(Start::Now, |delay| Start::In(ms(delay))))
    }

    fn behind(&self) -> Vec<Behind> {
        let named = [
            (&self.after, Needs::Success),
            (&self.after_any, Needs::AnySuccess),
            (&self.after_end, Needs::End),
        ];
        let each = named.into_iter().flat_map(|(targets, needs)| {
            let behind = move |target: &Target| Behind {
                target: target.clone(),
                needs,
            };
            targets.iter().map(behind)
        });
        each.collect()
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn retries(text: &str) -> Result<u32, String> {
    let most = text.trim().parse().ok();
    most.filter(|most| *most <= MOST_RETRIES)
        .ok_or_else(|| format!("{text:?} is not a number from 0 to {MOST_RETRIES}"))
}

pub(super) fn priority() -> impl TypedValueParser<Value = Priority> {
    PossibleValuesParser::new(Priority::ALL.map(Priority::word)).try_map(|word| word.parse())
}

fn kind() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new([
        PossibleValue::new("command").help("any command"),
        PossibleValue::new("agent").help("a coding agent"),
    ])
    .map(|word| match word.as_str() {
        "agent" => Kind::Agent,
        _ => Kind::Command,
    })
}

fn fate() -> impl TypedValueParser<Value = Fate> {
    PossibleValuesParser::new(Fate::ALL.map(Fate::word)).try_map(|word| word.parse())
}

/// Whether it is stopped.
fn on_idle() -> impl TypedValueParser<Value = bool> {
    PossibleValuesParser::new([
        PossibleValue::new("tell").help("a person is told that it is stalled"),
        PossibleValue::new("stop").help("it is stopped, and has timed out"),
    ])
    .map(|word| word == "stop")
}
