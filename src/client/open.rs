//! What a call has asked and not been fully answered: another supervisor is asked again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::core::id::Target;
use crate::core::wire::{Answer, Request};

/// Open requests by their numbers.
#[derive(Debug, Default)]
pub(super) struct Open {
    requests: BTreeMap<u64, Request>,
    /// The last event that was told, by request.
    told: BTreeMap<u64, u64>,
}

impl Open {
    pub(super) fn asked(&mut self, number: u64, request: Request) {
        self.requests.insert(number, request);
    }

    /// What was answered is not to be asked again, nor what was told to be told again.
    pub(super) fn answered(&mut self, number: u64, answer: &mut Answer, last: bool) {
        match (self.requests.get_mut(&number), &mut *answer) {
            (Some(Request::Wait(pick) | Request::Revoke { pick, .. }), Answer::Task(task)) => {
                let done = Target::Id(task.id);
                pick.targets.retain(|target| *target != done);
            }
            (Some(Request::Events(asked)), Answer::Events(events)) => {
                let told = self.told.entry(number).or_default();
                events.retain(|event| event.seq > *told);
                *told = events.last().map_or(*told, |event| event.seq);
                // what happens meanwhile may be more than was asked for at first
                asked.last = None;
            }
            _ => {}
        }
        if last {
            self.requests.remove(&number);
            self.told.remove(&number);
        }
    }

    /// Whether all of it may be asked again of one that knows nothing of this call,
    /// though it may have been carried out: it changes nothing, or nothing twice.
    pub(super) fn stands(&self) -> bool {
        let harmless = |request: &Request| match request {
            Request::Wait(_)
            | Request::Watch(_)
            | Request::Show(_)
            | Request::List(_)
            | Request::Events(_) => true,
            Request::Revoke { all, wait, .. } => *wait && !*all,
            _ => false,
        };
        !self.requests.is_empty() && self.requests.values().all(harmless)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Request)> {
        self.requests
            .iter()
            .map(|(number, request)| (*number, request))
    }
}

/// So many supervisors may die under a client, with less than this between one death and
/// the next: then it gives up, since it may be what they die of.
const DEATHS: u32 = 3;
const APART: Duration = Duration::from_secs(10);

/// Counts deaths.
#[derive(Debug, Default)]
pub(super) struct Deaths {
    last: Option<Instant>,
    count: u32,
}

impl Deaths {
    /// One more; whether it is worth going on.
    pub(super) fn bear(&mut self, now: Instant) -> bool {
        let soon = self
            .last
            .is_some_and(|last| now.saturating_duration_since(last) < APART);
        self.count = if soon { self.count + 1 } else { 1 };
        self.last = Some(now);
        self.count <= DEATHS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::event::{By, Event, What};
    use crate::core::filter::Filter;
    use crate::core::id::TaskId;
    use crate::core::time::Timestamp;
    use crate::core::wire::{EventsAsked, Pick};

    #[test]
    fn what_may_be_done_twice_is_asked_again_and_nothing_else() {
        let revoke = |all, wait| Request::Revoke {
            pick: vec![Target::Id(TaskId(1))].into(),
            all,
            force: false,
            wait,
        };
        for (request, stands) in [
            (Request::Wait(Pick::default()), true),
            (Request::Watch(Target::Id(TaskId(1))), true),
            (Request::List(Filter::default()), true),
            (revoke(false, true), true),
            (revoke(true, true), false),
            (revoke(false, false), false),
            (Request::Pause(Pick::default()), false),
            (Request::Shutdown { force: false }, false),
        ] {
            let mut open = Open::default();
            open.asked(1, request.clone());
            assert_eq!(open.stands(), stands, "{request:?}");
            open.answered(1, &mut Answer::Done(None), true);
            assert!(!open.stands(), "nothing is left to ask");
        }
    }

    #[test]
    fn an_event_is_told_once_whoever_tells_it() {
        let event = |seq| Event {
            seq,
            at: Timestamp(0),
            what: What::Started,
            by: By::Person,
            task: TaskId(1),
            run: 1,
            name: "a".into(),
            outcome: None,
            exit: None,
            text: None,
        };
        let mut open = Open::default();
        let asked = EventsAsked {
            last: Some(2),
            follow: true,
            ..EventsAsked::default()
        };
        open.asked(1, Request::Events(asked));
        let mut told = Vec::new();
        for seqs in [&[4, 5][..], &[6], &[4, 5, 6, 7], &[8]] {
            let mut answer = Answer::Events(seqs.iter().map(|seq| event(*seq)).collect());
            open.answered(1, &mut answer, false);
            let Answer::Events(events) = answer else {
                panic!("{answer:?}");
            };
            told.extend(events.iter().map(|event| event.seq));
        }
        assert_eq!(told, [4, 5, 6, 7, 8]);
        let again: Vec<_> = open.iter().collect();
        assert!(
            matches!(again[..], [(1, Request::Events(asked))] if asked.follow && asked.last.is_none())
        );
    }

    #[test]
    fn deaths_in_a_row_are_borne_three_times_and_deaths_far_apart_for_ever() {
        let begin = Instant::now();
        let mut deaths = Deaths::default();
        let soon: Vec<bool> = (0..4)
            .map(|n| deaths.bear(begin + Duration::from_secs(n)))
            .collect();
        assert_eq!(soon, [true, true, true, false]);
        for n in 1..20 {
            assert!(deaths.bear(begin + APART * 2 * n));
        }
    }
}
