//! What the limits are, and who sets them.

use std::collections::{BTreeMap, BTreeSet};

use super::herd::{Engine, answer, refuse};
use crate::core::agent::bill::Source;
use crate::core::agent::tokens::Usd;
use crate::core::effect::Effect;
use crate::core::input::Ticket;
use crate::core::limit::{BudgetReport, Limit, LimitReport, LimitSource, Most, SetTo, meant};
use crate::core::time::{Now, Timestamp};
use crate::core::wire::{Answer, Failure};

/// What a setting is called that holds a limit a person set.
const SAID: &str = "limit.";
/// What one is called that says since when the queue is paused.
const PAUSED: &str = "queue.paused";
/// What stands there where there is no limit.
const NONE: &str = "none";

/// The limits that persons set, as they were remembered.
pub(super) fn said(settings: &BTreeMap<String, String>) -> BTreeMap<Limit, Most> {
    settings
        .iter()
        .filter_map(|(key, value)| {
            let limit = key.strip_prefix(SAID)?.parse().ok()?;
            let most = match value.as_str() {
                NONE => None,
                number => Some(number.parse().ok()?),
            };
            Some((limit, most))
        })
        .collect()
}

/// Since when the queue is paused, as it was remembered.
pub(super) fn paused(settings: &BTreeMap<String, String>) -> Option<Timestamp> {
    settings.get(PAUSED)?.parse().ok().map(Timestamp)
}

impl Engine {
    /// How many may run at once.
    pub(super) fn most(&self, limit: &Limit) -> Most {
        if let Some(most) = self.said.get(limit) {
            return *most;
        }
        let limits = &self.rules.limits;
        match limit {
            Limit::Global => limits.global,
            Limit::Agents => limits.agents,
            Limit::Provider(name) => limits.providers.get(name).copied().flatten(),
            Limit::Lane(name) => match limits.lanes.get(name) {
                Some(most) => *most,
                None if self.models.contains(name) => limits.models,
                None => None,
            },
        }
    }

    /// Every limit that is set, or that somebody needs.
    fn known_limits(&self) -> BTreeSet<Limit> {
        let limits = &self.rules.limits;
        let queue = self.tasks.queue();
        let mut known: BTreeSet<Limit> = [Limit::Global, Limit::Agents].into();
        known.extend(queue.limits_in_use().cloned());
        known.extend(self.said.keys().cloned());
        known.extend(limits.lanes.keys().cloned().map(Limit::Lane));
        known.extend(limits.providers.keys().cloned().map(Limit::Provider));
        known.extend(self.rules.budgets.keys().cloned().map(Limit::Lane));
        known
    }

    /// Whether one is set, or somebody needs it, or could.
    fn is_known(&self, limit: &Limit) -> bool {
        let limits = &self.rules.limits;
        let by_name = match limit {
            Limit::Global | Limit::Agents => true,
            Limit::Lane(name) => {
                limits.lanes.contains_key(name)
                    || self.models.contains(name)
                    || self.rules.budgets.contains_key(name)
            }
            Limit::Provider(name) => limits.providers.contains_key(name),
        };
        by_name || self.said.contains_key(limit) || self.tasks.queue().is_in_use(limit)
    }

    /// What a limit is called that was most likely meant by one that nobody knows.
    pub(super) fn meant_limit(&self, limit: &Limit) -> Option<Limit> {
        if self.is_known(limit) {
            return None;
        }
        let known = self.known_limits();
        let models = self.models.iter().cloned();
        let names: BTreeSet<String> = known
            .iter()
            .map(ToString::to_string)
            .chain(models)
            .collect();
        let name = limit.to_string();
        let meant = meant(&name, names.iter().map(String::as_str))?;
        meant.parse().ok()
    }

    fn limit_reports(&self) -> Vec<LimitReport> {
        let queue = self.tasks.queue();
        self.known_limits()
            .into_iter()
            .map(|limit| LimitReport {
                name: limit.to_string(),
                most: self.most(&limit),
                running: queue.on(&limit).len() as u32,
                tasks: queue.on(&limit).collect(),
                queued: queue.needing(&limit),
                source: if self.said.contains_key(&limit) {
                    LimitSource::Said
                } else {
                    LimitSource::Config
                },
                budget: self.budget_of(&limit),
            })
            .collect()
    }

    /// What a lane may use in a day, and has used today.
    fn budget_of(&self, limit: &Limit) -> Option<BudgetReport> {
        let Limit::Lane(lane) = limit else {
            return None;
        };
        let budget = self.rules.budgets.get(lane)?;
        let used = self.today_in(lane, self.last.wall).cloned();
        let used = used.unwrap_or_default();
        Some(BudgetReport {
            cost_usd: budget.cost.map(Usd::dollars),
            tokens: budget.tokens,
            turns: budget.turns,
            at_least: used.bill.at_least || used.bill.source == Source::Unknown,
            used_cost_usd: used.bill.known.dollars(),
            used_tokens: used.bill.tokens.total(),
            used_turns: used.turns,
        })
    }

    /// Says all limits.
    pub(super) fn tell_limits(&self, ticket: Ticket, out: &mut Vec<Effect>) {
        out.push(answer(ticket, Answer::Limits(self.limit_reports())));
    }

    /// Sets a limit, or leaves it to the configuration again.
    pub(super) fn set_limit(
        &mut self,
        ticket: Ticket,
        (limit, to, new): (Limit, SetTo, bool),
        out: &mut Vec<Effect>,
    ) {
        if !new && let Some(meant) = self.meant_limit(&limit) {
            let line = format!(
                "nothing is called {limit}; did you mean {meant}? say --new where {limit} is meant"
            );
            return out.push(refuse(ticket, Failure::Usage, line));
        }
        let key = format!("{SAID}{limit}");
        match to {
            SetTo::Most(most) => {
                self.said.insert(limit, most);
                let value = most.map_or_else(|| NONE.into(), |most| most.to_string());
                self.remember(key, value, out);
            }
            SetTo::Default => {
                self.said.remove(&limit);
                self.remember(key, String::new(), out);
            }
        }
        self.tasks.queue_mut().touch();
        self.tell_limits_later.push(ticket);
    }

    /// Says the limits to those who set one: what may start by it is started first.
    pub(super) fn tell_set_limits(&mut self, out: &mut Vec<Effect>) {
        for ticket in std::mem::take(&mut self.tell_limits_later) {
            self.tell_limits(ticket, out);
        }
    }

    /// Starts nothing that is queued, or starts it again.
    pub(super) fn pause_queue(
        &mut self,
        now: Now,
        ticket: Ticket,
        pause: bool,
        out: &mut Vec<Effect>,
    ) {
        let line = match (pause, self.gate.paused) {
            (true, Some(since)) => format!("the queue is paused already, since {since}"),
            (false, None) => "the queue is not paused".into(),
            (true, None) => {
                self.gate.paused = Some(now.wall);
                self.remember(PAUSED.into(), now.wall.0.to_string(), out);
                "the queue is paused: nothing starts until wrangle resume --queue; what runs goes on"
                    .into()
            }
            (false, Some(_)) => {
                self.gate.paused = None;
                self.remember(PAUSED.into(), String::new(), out);
                "the queue goes on".into()
            }
        };
        self.tasks.queue_mut().touch();
        out.push(answer(ticket, Answer::Done(Some(line))));
    }

    /// Since when the queue is paused, where it is.
    pub const fn queue_paused(&self) -> Option<Timestamp> {
        self.gate.paused
    }
}
