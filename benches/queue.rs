//! What one decision of the queue costs, over 100 and over 10,000 queued tasks: everything
//! that the engine does about one input until it is at rest again, the store and the shims
//! answering at once. `cargo bench --bench queue`, `-- NAME...` for queues whose names begin
//! so.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hint::black_box;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use wrangle::core::effect::Effect;
use wrangle::core::engine::{Engine, Keep, Rules};
use wrangle::core::id::{Ident, RunId, Target, TaskId};
use wrangle::core::input::{Input, Ticket};
use wrangle::core::limit::{Limit, Limits, SetTo};
use wrangle::core::plan::{Behind, Lease, Needs, Priority};
use wrangle::core::raw::Raw;
use wrangle::core::shim::Status;
use wrangle::core::task::{Exit, Kind, Outcome, Spec, Task};
use wrangle::core::time::{Now, Timestamp};
use wrangle::core::wire::{Pick, Request, RunRequest};

/// Queued tasks that are few, and that are many.
const FEW: u32 = 100;
const MANY: u32 = 10_000;

/// Decisions timed for one figure.
const TURNS: u32 = 100;

/// No decision is to take longer.
const AIM: Duration = Duration::from_millis(1);

/// A queue of some form.
struct Form {
    name: &'static str,
    limits: fn() -> Limits,
    /// What tells a task from others: its number, and how many there are.
    task: fn(u32, u32, &mut RunRequest),
    /// What somebody changes.
    limit: fn() -> Limit,
}

const FORMS: &[Form] = &[
    Form {
        name: "lane: one lane of 8",
        limits: || lanes(1, 8),
        task: |_, _, request| request.spec.lane = Some(lane(0)),
        limit: || Limit::Lane(lane(0)),
    },
    Form {
        name: "lanes: 100 lanes of 1",
        limits: || lanes(100, 1),
        task: |number, _, request| request.spec.lane = Some(lane(number % 100)),
        limit: || Limit::Lane(lane(1)),
    },
    Form {
        name: "dirs: agents in 500 directories, 8 at once",
        limits: agents,
        task: |number, _, request| agent(request, number % 500),
        limit: || Limit::Agents,
    },
    Form {
        name: "dir: agents in one directory",
        limits: agents,
        task: |_, _, request| agent(request, 0),
        limit: || Limit::Agents,
    },
    Form {
        name: "chain: each after the one before",
        limits: || lanes(1, 8),
        task: |number, _, request| {
            request.spec.lane = Some(lane(0));
            if number > 1 {
                request.after = vec![after(number - 1)];
            }
        },
        limit: || Limit::Lane(lane(0)),
    },
    Form {
        name: "fan: all after one, one after all",
        limits: || lanes(1, 8),
        task: |number, count, request| {
            request.spec.lane = Some(lane(0));
            if number == count {
                request.after = (1..count).map(after).collect();
            } else if (9..count).contains(&number) {
                request.after = vec![after(1)];
            }
        },
        limit: || Limit::Lane(lane(0)),
    },
    Form {
        name: "global: 1,000 lanes of 2, 8 at once of all",
        limits: || Limits {
            global: Some(8),
            ..lanes(1_000, 2)
        },
        task: |number, _, request| request.spec.lane = Some(lane(number % 1_000)),
        limit: || Limit::Global,
    },
    Form {
        name: "environments: one lane of 8, each from another place",
        limits: || lanes(1, 8),
        task: |number, _, request| {
            request.spec.lane = Some(lane(0));
            request
                .env
                .push(("PLACE".into(), number.to_string().into()));
        },
        limit: || Limit::Lane(lane(0)),
    },
];

fn lane(number: u32) -> String {
    format!("lane-{}", number_word(number))
}

/// Digits alone would make all lanes alike.
fn number_word(number: u32) -> String {
    number
        .to_string()
        .bytes()
        .map(|digit| char::from(digit - b'0' + b'a'))
        .collect()
}

fn lanes(count: u32, most: u32) -> Limits {
    let each = (0..count).map(|number| (lane(number), Some(most)));
    Limits {
        lanes: each.collect::<BTreeMap<_, _>>(),
        ..Limits::default()
    }
}

fn agents() -> Limits {
    Limits {
        agents: Some(8),
        ..Limits::default()
    }
}

fn agent(request: &mut RunRequest, dir: u32) {
    let dir: Raw = format!("/home/ada/src/project-{dir}").into();
    request.spec.kind = Kind::Agent;
    request.spec.dir = dir.clone();
    request.spec.lease = Some(Lease { dir, tree: None });
}

fn after(number: u32) -> Behind {
    Behind {
        target: Target::Id(TaskId(number)),
        needs: Needs::Success,
    }
}

/// An engine whose store and shims answer at once.
struct World {
    engine: Engine,
    now: Now,
    tickets: u64,
    launched: u32,
    running: BTreeSet<TaskId>,
}

impl World {
    /// So many that are queued, and those that run before them; all have waited for longer
    /// than others are to be let pass.
    fn new(form: &Form, queued: u32) -> Self {
        let rules = Rules {
            tasks: "/t".into(),
            shims: "/s".into(),
            boot: "b".into(),
            task_cap: 1 << 30,
            total_cap: 1 << 50,
            orphan: Duration::from_secs(600),
            idle_exit: None,
            keep: Keep::default(),
            limits: (form.limits)(),
            budgets: std::collections::BTreeMap::new(),
            prices: wrangle::core::agent::price::Prices::default(),
            given: std::collections::BTreeMap::new(),
            hooked: BTreeSet::new(),
        };
        let mut world = Self {
            engine: Engine::new(rules, 0),
            now: Now {
                mono: Duration::from_secs(60),
                wall: Timestamp(1_795_262_400_000),
            },
            tickets: 0,
            launched: 0,
            running: BTreeSet::new(),
        };
        world.input(Input::Open);
        while world.launched < queued {
            world.launch(form, queued);
        }
        world.now.mono += Duration::from_secs(2 * 3600);
        world.input(Input::Tick);
        world
    }

    fn launch(&mut self, form: &Form, count: u32) {
        let request = self.request(form, count);
        self.ask(request);
    }

    fn request(&mut self, form: &Form, count: u32) -> Request {
        self.launched += 1;
        let spec = Spec::command(
            format!("task-{}", self.launched),
            vec!["make".into(), "-j8".into(), "test".into()],
            "/home/ada/src/api".into(),
        );
        let vars = (0..40).map(|n| (format!("NAME_{n}").into(), "value of a variable".into()));
        let mut request = RunRequest::new(spec, vars.collect());
        (form.task)(self.launched, count, &mut request);
        Request::Run(Box::new(request))
    }

    fn ask(&mut self, request: Request) {
        self.tickets += 1;
        self.input(Input::Request(Ticket(self.tickets), request));
    }

    /// Everything that comes of an input.
    fn input(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for effect in self.engine.handle(self.now, input) {
                match effect {
                    Effect::Store {
                        change,
                        events,
                        then,
                    } => inputs.push_back(Input::Stored(change, events, then)),
                    Effect::Spawn(launch) => {
                        let run = launch.intent.run;
                        self.running.insert(run.task);
                        inputs.push_back(Input::Status(Box::new(status(run))));
                    }
                    _ => {}
                }
            }
        }
    }

    /// What its shim reports of the end of the one that runs longest.
    fn end_of_first(&mut self) -> Option<Input> {
        let task = self.running.pop_first()?;
        let exited = Status {
            seq: 2,
            exit: Some(Exit::Code(0)),
            exited: Some(self.now.wall),
            left: 0,
            empty: true,
            drained: true,
            ..status(RunId { task, number: 1 })
        };
        Some(Input::Status(Box::new(exited)))
    }

    /// One from the middle of the queue, another one each time.
    fn middle(&self, turn: u32) -> Option<TaskId> {
        let len = self.engine.in_line();
        let at = len / 2 + turn as usize % (len / 4).max(1);
        self.engine.queued().nth(at).map(|task| task.id)
    }
}

fn status(run: RunId) -> Status {
    let ident = |pid| Ident { pid, start: 1 };
    Status {
        run,
        seq: 1,
        shim: ident(1_000_000 + run.task.0 as i32),
        leader: Some(ident(2_000_000 + run.task.0 as i32)),
        started: Some(Timestamp(1_795_262_400_000)),
        failed: None,
        paused: false,
        stopping: None,
        exit: None,
        exited: None,
        exit_in_stop: false,
        left: 1,
        example: None,
        empty: false,
        drained: false,
        written: 4096,
        dropped: 0,
        last_output: None,
        typed: Some(0),
        trouble: None,
    }
}

/// What is decided, and whose time that takes.
const DECISIONS: &[(&str, Decide)] = &[
    ("a further launch", |world, form, count, _| {
        let request = world.request(form, count);
        timed(|| world.ask(request))
    }),
    ("why one waits", |world, _, _, turn| {
        let middle = world.middle(turn).and_then(|id| world.engine.task(id));
        timed(|| {
            black_box(middle.map(|task| world.engine.waiting(task)));
        })
    }),
    ("another priority", |world, _, _, turn| {
        let priority = match turn % 3 {
            0 => Priority::High,
            1 => Priority::Low,
            _ => Priority::Normal,
        };
        let pick = pick(world.middle(turn));
        timed(|| world.ask(Request::Priority(pick, priority)))
    }),
    ("another limit, and back", |world, form, _, turn| {
        // one more than there is, so that one starts by it, then what there was
        let to = if turn.is_multiple_of(2) {
            SetTo::Most(Some(9))
        } else {
            SetTo::Default
        };
        let limit = (form.limit)();
        let new = true;
        timed(|| world.ask(Request::SetLimit { limit, to, new }))
    }),
    ("one ends, the next starts", |world, form, count, _| {
        let Some(end) = world.end_of_first() else {
            return Duration::ZERO;
        };
        let time = timed(|| world.input(end));
        world.launch(form, count);
        time
    }),
    ("a revoke of the last one", |world, form, count, _| {
        let last = world.engine.queued().next_back().map(|task| task.id);
        let revoke = revoke(last);
        let time = timed(|| world.ask(revoke));
        world.launch(form, count);
        time
    }),
];

/// What is done to all.
type Act = fn(&mut World);

/// A decision, in the turn so many, with so many queued; how long the engine took.
type Decide = fn(&mut World, &Form, u32, u32) -> Duration;

fn pick(id: Option<TaskId>) -> Pick {
    id.map(Target::Id).into_iter().collect::<Vec<_>>().into()
}

fn timed(act: impl FnOnce()) -> Duration {
    let start = Instant::now();
    act();
    start.elapsed()
}

/// The medians of each decision over so many queued tasks.
fn medians(form: &Form, queued: u32) -> Vec<Duration> {
    let mut world = World::new(form, queued);
    let mut median = |decide: &Decide| {
        let mut times: Vec<Duration> = (0..TURNS)
            .map(|turn| decide(&mut world, form, queued, turn))
            .collect();
        times.sort_unstable();
        times[times.len() / 2]
    };
    DECISIONS.iter().map(|(_, it)| median(it)).collect()
}

fn revoke(id: Option<TaskId>) -> Request {
    Request::Revoke {
        pick: pick(id),
        all: false,
        force: false,
        wait: false,
    }
}

fn say(line: &str) {
    writeln!(io::stdout().lock(), "{line}").ok();
}

/// Each decision in each form of queue.
fn decisions(_: &mut Criterion) {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let names: Vec<&String> = names.iter().filter(|it| !it.starts_with('-')).collect();
    let wanted = |form: &&Form| {
        names.is_empty()
            || names
                .iter()
                .any(|name| form.name.starts_with(name.as_str()))
    };
    for form in FORMS.iter().filter(wanted) {
        say(&format!("\n{}", form.name));
        let times = medians(form, FEW).into_iter().zip(medians(form, MANY));
        for ((what, _), (few, many)) in DECISIONS.iter().zip(times) {
            let ratio = many.as_secs_f64() / few.as_secs_f64();
            let met = if many < AIM { "met" } else { "NOT MET" };
            say(&format!(
                "  {what:<28} {few:>10.1?} over 100, {many:>10.1?} over 10,000; ratio {ratio:.2}   aim 1 ms {met}"
            ));
        }
    }
}

/// What concerns every one that waits, in the time for each of them.
fn for_all(_: &mut Criterion) {
    let chain = |form: &&Form| form.name.starts_with("chain");
    let fan = |form: &&Form| form.name.starts_with("fan");
    say("\nfor each of all that wait");
    let each = |queued: u32, form: &Form, act: Act| {
        let mut world = World::new(form, queued);
        timed(|| act(&mut world)) / queued
    };
    let of: [(&str, Option<&Form>, Act); 3] = [
        (
            "the one that all wait for succeeds",
            FORMS.iter().find(fan),
            |world| {
                if let Some(end) = world.end_of_first() {
                    world.input(end);
                }
            },
        ),
        (
            "the second of a chain is revoked",
            FORMS.iter().find(chain),
            |world| world.ask(revoke(Some(TaskId(2)))),
        ),
        (
            "a wait for all, answered one by one",
            FORMS.iter().find(|form| form.name.starts_with("lane:")),
            |world| {
                let all: Vec<Target> = world.engine.tasks().map(|it| Target::Id(it.id)).collect();
                world.ask(Request::Wait(all.into()));
                while let Some(end) = world.end_of_first() {
                    world.input(end);
                }
                let ended = |it: &Task| it.state().settled() == Some(Outcome::Succeeded);
                assert!(world.engine.tasks().all(ended), "all have run");
            },
        ),
    ];
    for (what, form, act) in of {
        let Some(form) = form else { continue };
        let (few, many) = (each(FEW, form, act), each(MANY, form, act));
        let ratio = many.as_secs_f64() / few.as_secs_f64();
        say(&format!(
            "  {what:<36} {few:>10.1?} of 100, {many:>10.1?} of 10,000; ratio {ratio:.2}"
        ));
    }
}

criterion_group!(queue, decisions, for_all);
criterion_main!(queue);
