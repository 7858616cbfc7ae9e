//! Many agents at once, on one thread.

use std::time::Duration;

use tokio::runtime;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::*;
use crate::core::agent::say::Say;
use crate::supervisor::event::Event;
use crate::supervisor::hearing::Hearing;

/// What a thread that is stuck is given, in seconds.
const PATIENCE: u64 = 60;

struct Ears {
    hearing: Hearing,
    events: UnboundedReceiver<Event>,
    runtime: runtime::Runtime,
}

impl Ears {
    fn new() -> Self {
        let (to, events) = unbounded_channel();
        let mut runtime = runtime::Builder::new_current_thread();
        Self {
            hearing: Hearing::new(to),
            events,
            runtime: runtime.enable_time().build().unwrap(),
        }
    }

    fn event(&mut self) -> Event {
        let limit = Duration::from_secs(PATIENCE);
        let next = async { timeout(limit, self.events.recv()).await };
        self.runtime.block_on(next).expect("hears nothing").unwrap()
    }

    /// What is heard next, not taken in.
    fn next(&mut self) -> Heard {
        match self.event() {
            Event::Heard(heard) => *heard,
            other => panic!("{other:?}"),
        }
    }

    /// The same, taken in.
    fn take(&mut self) -> Heard {
        let heard = self.next();
        self.hearing.taken(heard.run, heard.over);
        heard
    }

    /// All up to the ends of so many runs.
    fn ends(&mut self, mut runs: usize) -> Vec<Heard> {
        let mut all = Vec::new();
        while runs > 0 {
            let heard = self.take();
            runs -= usize::from(heard.over);
            all.push(heard);
        }
        all
    }
}

/// A log with more than the loop takes in at once.
fn flood(task: u32) -> Log {
    let mut log = Log::of(task);
    log.begin(says("flood").repeat(20_000));
    log
}

#[test]
fn one_that_floods_its_log_keeps_no_other_from_being_heard() {
    let mut ears = Ears::new();
    let flood = flood(1);
    ears.hearing.hear(flood.hear(), flood.dir());
    // so much is under way that the thread waits
    let under_way: Vec<Heard> = (0..4).map(|_| ears.next()).collect();
    let mut others: Vec<Log> = (2..22).map(Log::of).collect();
    for log in &mut others {
        log.begin([says("one"), done()].concat());
        ears.hearing.hear(log.last(), log.dir());
    }
    for heard in under_way {
        assert_eq!(heard.run, flood.run);
        ears.hearing.taken(heard.run, heard.over);
    }
    let order: Vec<RunId> = (0..20).map(|_| ears.take().run).collect();
    let expected: Vec<RunId> = others.iter().map(|log| log.run).collect();
    assert_eq!(order, expected);
    assert_eq!(ears.take().run, flood.run);
}

#[test]
fn many_runs_are_each_heard_whole_in_their_order_and_out() {
    let mut ears = Ears::new();
    let mut logs: Vec<Log> = (1..=30).map(Log::of).collect();
    for round in 0..10 {
        for log in &mut logs {
            log.begin(
                (0..50)
                    .map(|n| says(&(round * 50 + n).to_string()))
                    .collect::<String>(),
            );
            ears.hearing.hear(log.hear(), log.dir());
        }
    }
    for log in &mut logs {
        log.begin(done());
        ears.hearing.hear(log.last(), log.dir());
    }
    let heard = ears.ends(logs.len());
    let expected: Vec<String> = (0..500).map(|n| n.to_string()).collect();
    for log in &logs {
        let own: Vec<Heard> = heard
            .iter()
            .filter(|it| it.run == log.run)
            .cloned()
            .collect();
        assert_eq!(texts(&own), expected);
        assert!(own.last().unwrap().over && verdict(&own).unwrap().ok);
        assert_eq!(own.iter().filter(|heard| heard.over).count(), 1);
    }
}

#[test]
fn what_the_loop_has_not_taken_in_is_bounded_and_answers_come_all_the_same() {
    let mut ears = Ears::new();
    let flood = flood(1);
    ears.hearing.hear(flood.hear(), flood.dir());
    let mut heard: Vec<Heard> = (0..4).map(|_| ears.next()).collect();
    ears.hearing.say(flood.run, Say::Interrupt);
    let answer = ears.next();
    assert!(!answer.replies.is_empty() && answer.events.is_empty());
    heard.push(answer);
    assert!(ears.events.is_empty(), "it reads no further");
    let far = heard.last().unwrap().at.0;
    assert!(far < flood.end / 2, "{far}");
    for heard in heard {
        ears.hearing.taken(heard.run, heard.over);
    }
    ears.hearing.hear(flood.last(), flood.dir());
    assert_eq!(ears.ends(1).last().unwrap().at.0, flood.end);
}

#[test]
fn a_run_that_is_over_is_not_begun_again_before_the_loop_knows() {
    let mut ears = Ears::new();
    let mut log = Log::of(1);
    log.begin([says("one"), done()].concat());
    ears.hearing.hear(log.last(), log.dir());
    let end = ears.next();
    assert!(end.over);
    // asked before the loop took it in
    ears.hearing.hear(log.last(), log.dir());
    ears.hearing.say(log.run, Say::Interrupt);
    let Event::Unsaid(run, Say::Interrupt, why) = ears.event() else {
        panic!("said to nobody");
    };
    assert_eq!((run, why.contains("over")), (log.run, true));
    ears.hearing.taken(end.run, end.over);
    let mut other = Log::of(2);
    other.begin([says("two"), done()].concat());
    ears.hearing.hear(other.last(), other.dir());
    let heard = ears.take();
    assert_eq!((heard.run, texts(&[heard])), (other.run, vec!["two"]));
}

#[test]
fn one_that_is_gone_or_can_not_be_read_stops_nobody() {
    let mut ears = Ears::new();
    let flood = flood(1);
    ears.hearing.hear(flood.hear(), flood.dir());
    let under_way: Vec<Heard> = (0..4).map(|_| ears.next()).collect();
    ears.hearing.forget(&[flood.run.task]);
    let (mut gone, mut log) = (Log::of(2), Log::of(3));
    gone.begin(done());
    gone.drop_segment(0);
    log.begin([says("one"), done()].concat());
    for log in [&gone, &log] {
        ears.hearing.hear(log.last(), log.dir());
    }
    for heard in under_way {
        ears.hearing.taken(heard.run, heard.over);
    }
    let heard = ears.ends(2);
    let runs: Vec<RunId> = heard.iter().map(|heard| heard.run).collect();
    assert_eq!(runs, [gone.run, log.run], "and nothing of what is gone");
    assert!(!verdict(&heard[..1]).unwrap().ok && verdict(&heard[1..]).unwrap().ok);
}
