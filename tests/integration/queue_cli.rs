//! The queue on the command line: what waits says why, and what persons say of it holds.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::herd::{Herd, finish};
use crate::procs::{kit, wait_until};
use crate::pty::Pty;

/// A task that stands until it is revoked.
#[track_caller]
fn stands(herd: &Herd, options: &[&str]) -> u64 {
    herd.tree(options, "ready").0
}

/// A task that is asked for and has to wait.
#[track_caller]
fn waits(herd: &Herd, options: &[&str]) -> u64 {
    let id = herd.run(options, &["true"]);
    assert_eq!(herd.task(id)["state"], "queued");
    id
}

/// Why a task stands where it stands.
#[track_caller]
fn reason(herd: &Herd, id: u64) -> String {
    let task = herd.task(id);
    task["reason"].as_str().unwrap_or_default().to_owned()
}

#[track_caller]
fn revoke(herd: &Herd, id: u64) {
    herd.ok(&["revoke", "--force", "--wait", &id.to_string()]);
}

/// The ids that a list shows, in its order.
#[track_caller]
fn listed(herd: &Herd, words: &[&str]) -> Vec<u64> {
    let tasks = herd.json(&[&["ls", "--json"], words].concat());
    tasks
        .iter()
        .filter_map(|task| task["id"].as_u64())
        .collect()
}

#[test]
fn what_waits_is_said_at_once_on_each_way_out() {
    let herd = Herd::new();
    herd.ok(&["limit", "gpu", "1"]);
    let first = stands(&herd, &["--lane", "gpu"]);
    let full = format!("lane gpu is full (1 of 1: #{first})");
    let done = herd.call(["run", "--lane", "gpu", "--", "true"]);
    assert_eq!((done.code, done.text().as_str()), (0, "2\n"), "{done:?}");
    assert_eq!(done.err, format!("wrangle: task 2 queued: {full}\n"));
    let task = herd
        .json(&["run", "--json", "--lane", "gpu", "--", "true"])
        .remove(0);
    assert_eq!(
        (&task["state"], &task["lane"]),
        (&Value::from("queued"), &Value::from("gpu"))
    );
    assert_eq!(task["reason"], full.as_str());
    assert_eq!(
        herd.ok(&["why", "3"]).trim_end(),
        format!("task 3 (true) queued: {full}")
    );
    let mut pty = Pty::start(
        herd.command(["run", "--lane", "gpu", "--", "true"]),
        100,
        24,
    );
    pty.shows(&[&format!("task 4 queued: {full}")]);
    assert_eq!(pty.end(), 0);
    // who follows is told once, then shown the output
    let argv = [
        "run",
        "--follow",
        "--lane",
        "gpu",
        "--",
        "sh",
        "-c",
        "echo out; exit 3",
    ];
    let follower = herd.command(argv).spawn().unwrap();
    wait_until("it waits", || {
        listed(&herd, &["--state", "queued"]).contains(&5)
    });
    revoke(&herd, first);
    let done = finish(follower);
    assert_eq!((done.code, done.text().as_str()), (3, "out\n"), "{done:?}");
    let told: Vec<&str> = done.err.lines().collect();
    assert_eq!(
        told[0],
        format!("wrangle: task 5 queued: {full}"),
        "{told:?}"
    );
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn limits_are_shown_set_and_followed_at_once() {
    let herd = Herd::with("[limits]\nagents = 3\n[limits.lanes]\nsonnet = 1\n");
    let first = stands(&herd, &["--model", "anthropic/sonnet", "--lane", "sonnet"]);
    let second = waits(&herd, &["--lane", "sonnet"]);
    let table = herd.ok(&["limit"]);
    let row = |name: &str| {
        let row = table.lines().find(|line| line.starts_with(name));
        let row = row.unwrap_or_else(|| panic!("no {name} in {table}"));
        row.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("global"), "global no limit 1 1 configuration");
    assert_eq!(row("agents"), "agents 3 0 0 configuration");
    assert_eq!(row("sonnet"), "sonnet 1 1 1 configuration");
    assert_eq!(
        row("provider:anthropic"),
        "provider:anthropic no limit 1 0 configuration"
    );
    let said = herd.ok(&["limit", "sonnet", "2"]);
    assert!(
        said.starts_with("sonnet: 2 at once, set by wrangle limit; "),
        "{said}"
    );
    herd.wait_state(second, "ended");
    let one = herd.json(&["limit", "sonnet", "--json"]).remove(0);
    assert_eq!((&one["most"], &one["source"]), (&2.into(), &"said".into()));
    assert_eq!(one["tasks"], serde_json::json!([first]));
    // it survives the supervisor, and is given up by default
    herd.kill_supervisor();
    assert!(
        herd.ok(&["limit", "sonnet"])
            .starts_with("sonnet: 2 at once")
    );
    assert!(
        herd.ok(&["limit", "sonnet", "default"])
            .starts_with("sonnet: 1 at once")
    );
    // the configuration is read anew
    let config = herd.home().join("config.toml");
    fs::write(&config, "[limits]\nlanes = { sonnet = \"none\" }\n").unwrap();
    let third = waits(&herd, &["--lane", "sonnet"]);
    herd.ok(&["reload"]);
    herd.wait_state(third, "ended");
    fs::write(&config, "[limits]\nagents = -1\n").unwrap();
    herd.call(["reload"])
        .fails(1, "config.toml:2: limits.agents: -1 is not a number");
    // what nobody knows
    herd.call(["limit", "sonet", "2"])
        .fails(2, "did you mean sonnet");
    herd.call(["limit", "sonet"])
        .fails(2, "did you mean sonnet");
    herd.call(["limit", "sonnet", "-1"])
        .fails(2, "none or default");
    fs::write(&config, "").unwrap();
    herd.call(["run", "--lane", "sonet", "true"])
        .fails(2, "did you mean sonnet");
    assert!(
        herd.ok(&["limit", "--new", "sonet", "none"])
            .starts_with("sonet: no limit at once")
    );
    herd.ok(&["run", "--lane", "sonet", "true"]);
}

#[test]
fn the_order_is_that_of_priorities_and_of_persons() {
    let herd = Herd::new();
    herd.ok(&["pause", "--queue"]);
    let ids = ["low", "normal", "high", "normal"].map(|word| waits(&herd, &["--priority", word]));
    let [low, first, high, second] = ids;
    let order = || listed(&herd, &["--state", "queued"]);
    assert_eq!(order(), [high, first, second, low]);
    assert_eq!(listed(&herd, &[]), ids);
    let table = herd.ok(&["ls"]);
    assert!(
        table.lines().next().unwrap().contains("PRIORITY"),
        "{table}"
    );
    herd.ok(&["top", &low.to_string()]);
    assert_eq!(order(), [low, high, first, second]);
    herd.ok(&["down", &low.to_string()]);
    assert_eq!(order(), [high, low, first, second]);
    herd.ok(&["up", &second.to_string()]);
    assert_eq!(order(), [high, low, second, first]);
    herd.ok(&["priority", &high.to_string(), "low"]);
    assert_eq!(order(), [low, second, first, high]);
    assert_eq!(herd.task(high)["priority"], "low");
    let why = herd.ok(&["why", &low.to_string()]);
    assert!(
        why.contains("the queue is paused; wrangle resume --queue"),
        "{why}"
    );
    assert!(
        herd.ok(&["resume", "--queue"])
            .contains("the queue goes on")
    );
    herd.ok(&["wait", "1", "2", "3", "4"]);
    herd.call(["top", "1"])
        .fails(1, "only a queued one has a place");
    herd.call(["priority", "1", "9", "low"]).fails(4, "9");
    herd.call(["pause", "1"]).fails(1, "nothing to pause");
}

#[test]
fn what_comes_first_comes_first() {
    let herd = Herd::new();
    let first = stands(&herd, &["--name", "build"]);
    let test = waits(&herd, &["--name", "test", "--after", "build"]);
    let last = waits(&herd, &["--name", "tidy", "--after-end", "test"]);
    assert_eq!(reason(&herd, test), format!("after #{first}, which runs"));
    assert_eq!(
        reason(&herd, last),
        format!("after #{test}, which waits itself")
    );
    let shown = herd.ok(&["show", &last.to_string()]);
    assert!(
        shown.contains(&format!("after       the end of #{test}")),
        "{shown}"
    );
    let tree = herd.ok(&["ls", "--tree"]);
    let names: Vec<&str> = tree
        .lines()
        .skip(1)
        .map(|line| line[4..].trim_end())
        .collect();
    for (line, name) in names.iter().zip(["build ", "└ test ", "  └ tidy "]) {
        assert!(line.starts_with(name), "{tree}");
    }
    herd.call(["after", &test.to_string(), &last.to_string()])
        .fails(1, "wait for itself");
    herd.call(["run", "--after", "99", "true"]).fails(4, "99");
    herd.call(["run", "--after-any", "nobody", "true"])
        .fails(4, "nobody");
    herd.call(["after", &first.to_string(), "2"])
        .fails(1, "only a queued one");
    let never = waits(&herd, &["--after", "build"]);
    herd.ok(&["after", &never.to_string(), "--none"]);
    herd.wait_state(never, "ended");
    assert_eq!(
        listed(&herd, &["--all"]).len(),
        4,
        "nothing was half queued"
    );
    revoke(&herd, first);
    let why = herd.wait_state(test, "ended");
    assert_eq!(why["outcome"], "did_not_start");
    assert_eq!(
        why["reason"],
        format!("it was to run after #{first}, which was revoked").as_str()
    );
    assert_eq!(herd.wait_state(last, "ended")["outcome"], "succeeded");
}

#[test]
fn a_directory_is_had_alone() {
    let herd = Herd::new();
    let dir = herd.dir().join("repo");
    fs::create_dir_all(dir.join("src")).unwrap();
    let (dir, src) = (dir.to_str().unwrap(), dir.join("src"));
    let first = stands(&herd, &["--exclusive", "--dir", dir]);
    let second = waits(&herd, &["--exclusive", "--dir", src.to_str().unwrap()]);
    assert_eq!(
        reason(&herd, second),
        format!("directory held by #{first}: {dir}")
    );
    let shown = herd.ok(&["show", &first.to_string()]);
    assert!(shown.contains(&format!("lease       {dir}")), "{shown}");
    herd.call(["run", "--exclusive", "--no-wait", "--dir", dir, "true"])
        .fails(1, &format!("held by #{first}"));
    // who wants it not alone is in nobody's way
    herd.ok(&["wait", &herd.run(&["--dir", dir], &["true"]).to_string()]);
    revoke(&herd, first);
    herd.wait_state(second, "ended");
}

#[test]
fn agents_count_among_agents_have_their_directory_alone_and_need_memory() {
    let herd = Herd::new();
    let config = herd.home().join("config.toml");
    let before = fs::read_to_string(&config).unwrap_or_default();
    let limits = |limits: &str| {
        fs::write(&config, format!("{before}\n[limits]\n{limits}\n")).unwrap();
    };
    limits("agents = 1");
    let dirs = ["one", "two"].map(|name| herd.dir().join(name));
    for dir in &dirs {
        fs::create_dir(dir).unwrap();
    }
    let [one, two] = dirs.each_ref().map(|dir| dir.to_str().unwrap());
    let agent =
        |dir, more: &[&'static str]| [&["--kind", "agent", "--dir", dir][..], more].concat();
    let first = stands(&herd, &agent(one, &[]));
    assert_eq!(herd.task(first)["kind"], "agent");
    assert_eq!(herd.task(first)["lease"], one);
    let second = waits(&herd, &agent(two, &[]));
    assert_eq!(
        reason(&herd, second),
        format!("as many agents run as may (1 of 1: #{first})")
    );
    limits("agents = 8");
    herd.ok(&["reload"]);
    herd.wait_state(second, "ended");
    let third = waits(&herd, &agent(one, &[]));
    assert_eq!(
        reason(&herd, third),
        format!("directory held by #{first}: {one}")
    );
    herd.ok(&[
        "wait",
        &herd.run(&agent(one, &["--share"]), &["true"]).to_string(),
    ]);
    limits("memory = \"900 TiB\"");
    herd.ok(&["reload"]);
    revoke(&herd, first);
    herd.wait_state(first, "ended");
    let why = reason(&herd, third);
    assert!(
        why.starts_with("memory ") && why.ends_with(" of 921600.0 GiB free"),
        "{why}"
    );
    limits("memory = \"none\"");
    herd.ok(&["reload"]);
    herd.wait_state(third, "ended");
}

#[test]
fn a_directory_that_is_gone_by_then_is_said() {
    let herd = Herd::new();
    let dir = herd.dir().join("gone");
    fs::create_dir(&dir).unwrap();
    herd.ok(&["pause", "--queue"]);
    let id = waits(&herd, &["--exclusive", "--dir", dir.to_str().unwrap()]);
    fs::remove_dir(&dir).unwrap();
    herd.ok(&["resume", "--queue"]);
    let task = herd.wait_state(id, "ended");
    assert_eq!(task["outcome"], "did_not_start");
    let why = herd.ok(&["why", &id.to_string()]);
    assert!(why.contains("gone: no such directory"), "{why}");
    herd.call(["run", "--dir", dir.to_str().unwrap(), "true"])
        .fails(2, "No such file");
}

#[test]
fn times_are_kept() {
    let herd = Herd::new();
    let late = waits(&herd, &["--in", "1h"]);
    let tomorrow = SystemTime::now() + Duration::from_secs(86_400);
    let tomorrow = humantime::format_rfc3339_seconds(tomorrow).to_string();
    let at = waits(&herd, &["--at", &tomorrow]);
    for id in [late, at] {
        let task = herd.task(id);
        assert!(task["not_before"].is_string(), "{task}");
        let why = herd.ok(&["why", &id.to_string()]);
        assert!(
            why.contains("not before 20") && why.contains("nobody has to act"),
            "{why}"
        );
    }
    // the time of each may be up before it can say that it stands
    let tree = |options: &[&str]| herd.run(options, &[&kit(), "ready", &herd.token()]);
    let id = tree(&[
        "--timeout",
        "200ms",
        "--retry",
        "1",
        "--retry-on",
        "timed_out",
    ]);
    let task = herd.wait_task(id, "is run again", |task| task["run"] == 2);
    assert_eq!(
        (&task["retries"], &task["timeout_s"]),
        (&1.into(), &0.2.into())
    );
    let done = herd.call(["wait", &id.to_string()]);
    assert_eq!(done.code, 143, "{done:?}");
    assert_eq!(listed(&herd, &["--outcome", "timed_out"]), [id]);
    let silent = tree(&["--idle-timeout", "200ms", "--on-idle", "stop"]);
    assert_eq!(herd.wait_state(silent, "ended")["outcome"], "timed_out");
    let stalled = tree(&["--idle-timeout", "200ms"]);
    herd.wait_task(stalled, "is stalled", |task| task["attention"] == "stalled");
}

#[test]
fn many_are_addressed_by_a_label() {
    let herd = Herd::new();
    let all = [(); 2].map(|()| stands(&herd, &["--label", "x"]));
    let other = stands(&herd, &["--label", "y"]);
    herd.ok(&["pause", "--label", "x"]);
    for id in all {
        herd.wait_state(id, "paused");
    }
    herd.ok(&["resume", "--label", "x"]);
    for id in all {
        herd.wait_state(id, "running");
    }
    herd.ok(&["priority", "--label", "x", "high"]);
    assert_eq!(herd.task(all[1])["priority"], "high");
    herd.ok(&["revoke", "--force", "--wait", "--label", "x"]);
    assert_eq!(
        herd.call(["wait", "--label", "x"]).code,
        1,
        "none of them succeeded"
    );
    assert_eq!(herd.task(other)["state"], "running");
    herd.call(["wait", "--label", "z"])
        .fails(4, "no task bears z");
    herd.ok(&["wait", &herd.run(&["--label", "v"], &["true"]).to_string()]);
    assert_eq!(herd.call(["wait", "--label", "v"]).code, 0);
    let done = herd.call(["retry", "--label", "v"]);
    assert_eq!((done.code, done.text().as_str()), (0, ""), "{done:?}");
    assert!(done.err.contains("nothing has failed"), "{done:?}");
    let again = herd.ok(&["retry", "--label", "x"]);
    assert_eq!(again, format!("{}\n{}\n", all[0], all[1]));
    for id in all {
        herd.wait_state(id, "running");
    }
    herd.call(["retry", "--label", "z"])
        .fails(4, "no task bears z");
}

#[test]
fn how_far_many_are_is_shown_on_a_terminal_alone() {
    let herd = Herd::new();
    herd.ok(&["limit", "l", "1"]);
    let first = stands(&herd, &["--lane", "l", "--label", "x"]);
    for word in ["true", "false"] {
        herd.run(&["--lane", "l", "--label", "x"], &[word]);
    }
    let piped = herd.command(["wait", "--label", "x"]).spawn().unwrap();
    let mut pty = Pty::start(herd.command(["wait", "--label", "x"]), 100, 24);
    pty.shows(&["0 of 3 ended, 0 failed, 1 run, 2 wait"]);
    revoke(&herd, first);
    assert_eq!(pty.end(), 1);
    pty.wait_screen("how the last ended, and no more how far they are", |left| {
        left.contains("task 3 (false) ended: failed") && !left.contains(" of 3 ended")
    });
    assert!(String::from_utf8_lossy(&pty.raw()).contains("2 of 3 ended, 1 failed"));
    let done = finish(piped);
    assert_eq!(done.code, 1);
    assert!(
        done.out.is_empty() && !done.err.contains(" of 3 "),
        "{done:?}"
    );
}

#[test]
fn a_task_for_every_line() {
    let herd = Herd::new();
    let file = herd.dir().join("lines");
    fs::write(&file, "one\n\ntwo words\n").unwrap();
    let file = file.to_str().unwrap();
    let text = herd.ok(&["run", "--each", file, "--label", "b", "--", "echo", "<{}>"]);
    assert_eq!(text, "1\n2\n");
    herd.ok(&["wait", "--label", "b"]);
    assert_eq!(herd.stored(1), b"<one>\n");
    assert_eq!(herd.stored(2), b"<two words>\n");
    assert_eq!(herd.task(2)["name"], "echo two words");
    let mut command = herd.command(["run", "--each", "-", "--json", "cat {} | wc -l"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"lines\n$(x)'\n")
        .unwrap();
    let done = finish(child);
    let objects: Vec<Value> = done
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (objects.len(), &objects[1]["id"]),
        (2, &4.into()),
        "{done:?}"
    );
    herd.ok(&["wait", "3"]);
    assert_eq!(herd.stored(3), b"3\n");
    for (words, code, what) in [
        (["--each", "no-such"], 2, "cannot read no-such"),
        (["--each", "/dev/null"], 2, "holds no line"),
    ] {
        herd.call([&["run"], &words[..], &["--", "true"]].concat())
            .fails(code, what);
    }
    herd.call(["run", "--each", file, "--after", "77", "--", "true"])
        .fails(4, "77");
    assert_eq!(
        listed(&herd, &["--all"]).len(),
        4,
        "nothing was half queued"
    );
}

#[test]
fn thousands_of_lines_are_queued() {
    let most: u64 = 3_000;
    let herd = Herd::new();
    herd.ok(&["pause", "--queue"]);
    let mut lines = String::new();
    for number in 0..most {
        writeln!(lines, "line {number}").unwrap();
    }
    let file = herd.dir().join("lines");
    fs::write(&file, lines).unwrap();
    let text = herd.ok(&[
        "run",
        "--each",
        file.to_str().unwrap(),
        "--label",
        "b",
        "--",
        "true",
    ]);
    let numbers: Vec<u64> = text.lines().map(|line| line.parse().unwrap()).collect();
    assert!(numbers.iter().copied().eq(1..=most));
    assert_eq!(
        listed(&herd, &["--state", "queued", "--last", "3"]),
        [most - 2, most - 1, most]
    );
    herd.kill_supervisor();
    wait_until("they are there again", || {
        listed(&herd, &["--state", "queued"]).len() as u64 == most
    });
    herd.ok(&["revoke", "--label", "b"]);
    assert_eq!(listed(&herd, &["--state", "queued"]), [0_u64; 0]);
}
