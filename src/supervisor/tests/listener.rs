//! One agent's log, whatever becomes of it.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::core::agent::say::Say;
use crate::supervisor::listener::{Listener, MOST_BYTES};

fn listener(log: &Log) -> Listener {
    Listener::new(&log.hear(), &log.dir())
}

/// All that it tells until it waits for more.
fn drain(listener: &mut Listener, buffer: usize) -> Vec<Heard> {
    let mut buffer = vec![0; buffer];
    let mut all: Vec<Heard> = Vec::new();
    while listener.is_behind() && !all.last().is_some_and(|heard| heard.over) {
        all.extend(listener.listen(&mut buffer));
    }
    all
}

fn all(log: &Log, hear: &Hear) -> Vec<Heard> {
    drain(&mut Listener::new(hear, &log.dir()), 4096)
}

#[test]
fn wherever_its_bytes_are_cut_the_same_is_heard() {
    let mut log = Log::of(1);
    let lines = [&says("one"), "\n", &says("zwölf ✓"), "{broken\n", &done()].concat();
    log.begin(&lines[..50]);
    log.begin(&lines[50..51]);
    log.begin(&lines[51..]);
    let whole = all(&log, &log.last());
    assert_eq!(texts(&whole), ["one", "zwölf ✓"]);
    for buffer in [1, 2, 7, 63, 64, 100_000] {
        let cut = drain(&mut Listener::new(&log.last(), &log.dir()), buffer);
        assert_eq!(texts(&cut), texts(&whole), "{buffer}");
        assert_eq!(cut.last().unwrap().at, whole.last().unwrap().at, "{buffer}");
        assert!(verdict(&cut).unwrap().ok);
    }
}

#[test]
fn a_flood_is_told_in_batches_that_are_bounded() {
    let mut log = Log::of(1);
    let lines: String = (0..1000).map(|n| says(&n.to_string())).collect();
    log.begin(&lines);
    let heard = all(&log, &log.hear());
    assert_eq!(texts(&heard).len(), 1000);
    let most = heard.iter().map(|heard| heard.events.len()).max();
    assert!(most < Some(300), "{most:?}");
    let ends: Vec<u64> = heard.iter().map(|heard| heard.at.0).collect();
    assert!(
        ends.is_sorted() && ends.last() == Some(&log.end),
        "{ends:?}"
    );
    // what means nothing is told by how far it reaches, now and then
    let mut quiet = Log::of(2);
    quiet.begin("nothing\n".repeat(MOST_BYTES / 2));
    let heard = all(&quiet, &quiet.hear());
    assert_eq!(heard.len(), 4);
    assert!(heard.iter().all(|heard| heard.events.is_empty()));
}

/// Each would be a write of its own.
#[test]
fn of_a_text_in_pieces_the_first_is_told_and_the_whole() {
    let event = |event: serde_json::Value| json!({"type": "stream_event", "event": event});
    let piece = |kind: &str, text: &str| {
        let delta = json!({"type": format!("{kind}_delta"), kind: text});
        event(json!({"type": "content_block_delta", "delta": delta})).to_string() + "\n"
    };
    let mut log = Log::of(1);
    let mut listener = listener(&log);
    let mut heard = Vec::new();
    for line in [
        piece("thinking", "h"),
        piece("thinking", "m"),
        piece("text", "on"),
        piece("text", "e"),
        piece("text", "!"),
        says("one!"),
        piece("text", "tw"),
        piece("text", "o"),
        done(),
    ] {
        log.begin(line);
        listener.go_on(&log.hear());
        heard.extend(drain(&mut listener, 64));
    }
    assert_eq!(texts(&heard), ["on", "one!", "tw"]);
    let events: usize = heard.iter().map(|heard| heard.events.len()).sum();
    let told = heard
        .iter()
        .filter(|heard| !heard.events.is_empty())
        .count();
    assert_eq!(told, 5, "{events} events");
}

#[test]
fn the_end_is_told_once_and_after_all_that_was_said() {
    let mut log = Log::of(1);
    log.begin(says("one"));
    let mut listener = listener(&log);
    let first = drain(&mut listener, 64);
    assert_eq!(
        (texts(&first), first.last().unwrap().over),
        (vec!["one"], false)
    );
    log.begin(says("two"));
    log.begin(done());
    listener.go_on(&log.last());
    let rest = drain(&mut listener, 64);
    assert_eq!(texts(&rest), ["two"]);
    let over: Vec<bool> = rest.iter().map(|heard| heard.over).collect();
    assert_eq!(over.iter().filter(|over| **over).count(), 1);
    assert_eq!(over.last(), Some(&true));
    assert!(verdict(&rest).unwrap().ok);
}

#[test]
fn a_last_line_without_an_end_counts() {
    let mut log = Log::of(1);
    log.begin([says("one"), says("two")].concat().trim_end());
    let mut listener = listener(&log);
    let before = drain(&mut listener, 64);
    assert_eq!(texts(&before), ["one"]);
    assert_eq!(before.last().unwrap().at.0, says("one").len() as u64);
    listener.go_on(&log.last());
    let heard = drain(&mut listener, 64);
    assert_eq!(texts(&heard), ["two"]);
    assert_eq!(heard.last().unwrap().at.0, log.end);
    // one that is cut off in its middle is no word of its agent's
    let mut cut = Log::of(2);
    cut.begin([&says("one"), &done()[..40]].concat());
    let heard = all(&cut, &cut.last());
    assert_eq!(texts(&heard), ["one"]);
    assert!(!verdict(&heard).unwrap().ok);
    assert_eq!(heard.last().unwrap().at.0, cut.end);
}

#[test]
fn a_later_supervisor_goes_on_where_the_earlier_one_was() {
    let mut log = Log::of(1);
    log.begin([&says("one"), &says("two")[..30]].concat());
    let before = all(&log, &log.hear());
    let from = before.last().unwrap().at.clone();
    assert_eq!(from.0, says("one").len() as u64);
    log.begin(&says("two")[30..]);
    log.begin(done());
    let later = Hear { from, ..log.last() };
    let heard = all(&log, &later);
    assert_eq!(texts(&heard), ["two"]);
    assert!(verdict(&heard).unwrap().ok);
    assert_eq!(heard.last().unwrap().at.0, log.end);
}

#[test]
fn what_is_dropped_before_it_is_read_is_said_with_its_size() {
    let mut log = Log::of(1);
    let first = log.begin([&says("one"), &says("two")[..30]].concat());
    let mut listener = listener(&log);
    drain(&mut listener, 64);
    let lost = [log.begin(&says("two")[30..]), log.begin(says("three"))];
    log.begin([says("four"), done()].concat());
    log.drop_segment(first);
    for lost in lost {
        log.drop_segment(lost);
    }
    listener.go_on(&log.last());
    let heard = drain(&mut listener, 64);
    assert_eq!(texts(&heard), ["four"]);
    let size = says("two").len() - 30 + says("three").len();
    let said = errors(&heard);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with(&format!("{size} bytes")), "{said:?}");
    assert!(heard.last().unwrap().over && verdict(&heard).unwrap().ok);
    assert_eq!(heard.last().unwrap().at.0, log.end);
}

#[test]
fn a_log_of_which_the_end_is_gone_ends_its_run_all_the_same() {
    let mut log = Log::of(1);
    let kept = log.begin(says("one"));
    let lost = log.begin(done());
    log.drop_segment(lost);
    for gone in [None, Some(kept)] {
        if let Some(kept) = gone {
            log.drop_segment(kept);
        }
        let heard = all(&log, &log.last());
        assert!(heard.last().unwrap().over);
        let verdict = verdict(&heard).unwrap();
        assert!(!verdict.ok && verdict.text.contains("can't be read"));
    }
}

#[test]
fn a_log_that_is_truncated_is_said_once_while_it_is_behind() {
    let mut log = Log::of(1);
    let cut = log.begin([says("one"), says("two"), says("three")].concat());
    let mut listener = Listener::new(
        &Hear {
            upto: says("one").len() as u64,
            ..log.hear()
        },
        &log.dir(),
    );
    assert_eq!(texts(&drain(&mut listener, 64)), ["one"]);
    File::create(log.segment(cut)).unwrap();
    let mut said = Vec::new();
    for line in ["four", "five"] {
        // its shim counts on
        log.end += says(line).len() as u64;
        listener.go_on(&log.hear());
        said.extend(drain(&mut listener, 64));
    }
    assert_eq!(errors(&said).len(), 1, "{:?}", errors(&said));
    // the next segment is whole
    log.begin([says("six"), done()].concat());
    listener.go_on(&log.last());
    let heard = drain(&mut listener, 64);
    assert_eq!(texts(&heard), ["six"]);
    let lost = log.end - [says("six"), done(), says("one")].concat().len() as u64;
    assert!(errors(&heard)[0].starts_with(&format!("{lost} bytes")));
    assert!(heard.last().unwrap().over && verdict(&heard).unwrap().ok);
}

#[test]
fn a_log_that_can_not_be_read_is_told_and_read_once_it_can_be() {
    let mut log = Log::of(1);
    // for root too: a directory in the place of one
    let dir = log.segment(0);
    log.begin(says("one"));
    let aside = log.home.path().join("aside");
    fs::rename(log.home.path().join(segment_name(0)), &aside).unwrap();
    std::os::unix::fs::symlink(&dir, &dir).unwrap();
    let mut listener = listener(&log);
    let heard = drain(&mut listener, 64);
    assert_eq!(errors(&heard).len(), 1, "{heard:?}");
    listener.go_on(&log.hear());
    assert_eq!(drain(&mut listener, 64).len(), 0, "said once");
    fs::remove_file(&dir).unwrap();
    fs::rename(&aside, &dir).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o600)).unwrap();
    listener.go_on(&log.hear());
    assert_eq!(texts(&drain(&mut listener, 64)), ["one"]);
    // the whole directory
    fs::remove_dir_all(log.home.path()).unwrap();
    log.end += 1;
    listener.go_on(&log.last());
    let heard = drain(&mut listener, 64);
    assert!(heard.last().unwrap().over && !verdict(&heard).unwrap().ok);
}

#[test]
fn a_line_of_20_mb_is_heard_like_any_other() {
    let mut log = Log::of(1);
    let long = "x".repeat(20 << 20);
    log.begin(says(&long));
    log.begin(done());
    let heard = drain(&mut Listener::new(&log.last(), &log.dir()), 64 << 10);
    assert_eq!(texts(&heard), [long]);
    assert!(verdict(&heard).unwrap().ok);
}

#[test]
fn what_it_is_told_is_written_for_it_though_nothing_was_read() {
    let log = Log::of(1);
    let mut listener = listener(&log);
    let prompt = Say::Prompt {
        text: "begin".into(),
        session: None,
        fork: false,
        dir: String::new(),
        id: String::new(),
    };
    let heard = listener.say(&prompt).unwrap();
    let told = String::from_utf8(heard.replies).unwrap();
    assert!(told.contains("begin") && told.ends_with('\n'), "{told}");
    assert!(!heard.over);
    assert_eq!(heard.at.0, 0);
}
