//! A task with its output as one document: whole, harmless, and never half of a file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use crate::herd::Herd;
use crate::history::hold;
use crate::pty::Pty;

fn json(herd: &Herd, args: &[&str]) -> Value {
    let objects = herd.json(&[&["export", "--format", "json"], args].concat());
    assert_eq!(objects.len(), 1);
    hold(herd, "export", &objects);
    objects.into_iter().next().unwrap()
}

fn script(herd: &Herd, text: &str) -> String {
    let id = herd.run(&[], &["sh", "-c", text]);
    herd.wait_state(id, "ended");
    id.to_string()
}

#[test]
fn json_has_every_byte_of_every_run() {
    let herd = Herd::new();
    let id = script(
        &herd,
        r#"printf 'tab\tquote"\n\033[31mred\033[0m é\302\233'"#,
    );
    herd.ok(&["retry", &id]);
    herd.wait_task(1, "has two runs", |task| {
        task["run"] == 2 && task["state"] == "ended"
    });
    let export = json(&herd, &[&id]);
    let text = "tab\tquote\"\n\u{1b}[31mred\u{1b}[0m é\u{9b}";
    for index in 0..2 {
        let run = &export["runs"][index];
        assert_eq!(run["run"], index + 1);
        assert_eq!(run["output"], text);
        assert_eq!(run["output_lossy"], false);
        assert_eq!(run["output_base64"], Value::Null);
    }
    let printed = herd.ok(&["export", "--format", "json", &id]);
    assert!(
        !printed.trim_end().chars().any(char::is_control),
        "{printed:?}"
    );
    let second = json(&herd, &[&id, "--run", "2"]);
    assert_eq!(second["runs"].as_array().unwrap().len(), 1);
    herd.call(["export", &id, "--run", "3"])
        .fails(1, "no run 3; it has 2 runs");
}

#[test]
fn bytes_that_are_no_text_are_there_twice() {
    let herd = Herd::new();
    let id = herd.writer("flood", &["300001", "binary", "5"]);
    herd.wait_state(id, "ended");
    let stored = herd.stored(id);
    assert_eq!(stored.len(), 300_001);
    let run = json(&herd, &[&id.to_string()])["runs"][0].clone();
    assert_eq!(run["output_lossy"], true);
    assert_eq!(run["output"], String::from_utf8_lossy(&stored).as_ref());
    let path = herd.dir().join("base64");
    fs::write(&path, run["output_base64"].as_str().unwrap()).unwrap();
    let decoded = std::process::Command::new("base64")
        .arg("-d")
        .arg(&path)
        .output()
        .unwrap();
    assert!(decoded.stdout == stored, "not the bytes that were written");
}

#[test]
fn markdown_is_harmless_and_whole() {
    let herd = Herd::new();
    let id = script(&herd, r"printf 'a\033[2J\033]0;t\007b\n````\n'; exit 2");
    let text = herd.ok(&["export", &id]);
    assert!(text.contains("\n`````text\nab\n````\n`````\n"), "{text}");
    assert!(text.contains("## Run 1: failed, exit code 2"), "{text}");
    assert!(text.lines().all(|line| !line.chars().any(char::is_control)));
    let dir = herd.dir().canonicalize().unwrap();
    assert!(text.contains(dir.to_str().unwrap()), "{text}");
    let active = herd.run(&["--stdin"], &["sh", "-c", "echo so far; cat"]);
    herd.wait_output(active, b"so far\n");
    herd.wait_task(active, "is known to have written", |task| {
        task["output_bytes"] == 7
    });
    let text = herd.ok(&["export", "@"]);
    assert!(text.contains("Run 1: still running"), "{text}");
    assert!(text.contains("\nso far\n"), "{text}");
    // never ran, never wrote
    herd.call(["run", "--", "no-such-command"])
        .fails(1, "not found");
    assert!(herd.ok(&["export", "@"]).contains("Run 1: did not start"));
    assert_eq!(json(&herd, &["@"])["runs"][0]["output"], "");
    herd.call(["export", "99"]).fails(4, "99");
}

#[test]
fn what_was_dropped_is_said() {
    let herd = Herd::with("[output]\ntask_cap = \"64 KiB\"\n");
    let id = herd.writer("flood", &["1000000", "plain", "1"]);
    let task = herd.wait_state(id, "ended");
    let dropped = task["dropped_bytes"].as_u64().unwrap();
    assert!(dropped > 0, "{task}");
    let id = id.to_string();
    let run = json(&herd, &[&id])["runs"][0].clone();
    assert_eq!(run["output_missing"], dropped);
    let kept = run["output"].as_str().unwrap();
    assert_eq!(kept.as_bytes(), herd.stored(1));
    let text = herd.ok(&["export", &id]);
    assert!(text.contains("are missing here: dropped to stay within the cap.*"));
}

#[test]
fn a_file_is_written_whole_and_for_the_user_alone() {
    let herd = Herd::new();
    let id = script(&herd, "echo text");
    let path = herd.dir().join("task.md");
    fs::write(&path, "old").unwrap();
    // as seen from where it is called
    assert_eq!(herd.ok(&["export", &id, "-o", "task.md"]), "");
    assert!(fs::read_to_string(&path).unwrap().contains("\ntext\n"));
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(herd.ok(&["export", &id, "-o", "-"]).contains("\ntext\n"));
    for (to, why) in [
        (".", "is a directory"),
        ("no/such/dir", "No such file"),
        ("/dev/full", "no regular file"),
    ] {
        herd.call(["export", &id, "-o", to]).fails(1, why);
    }
    assert!(Path::new("/dev/full").exists());
    let left: Vec<_> = fs::read_dir(herd.dir())
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(".part"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_bar_exports_into_the_directory_of_its_screen() {
    let herd = Herd::new();
    script(&herd, "echo text");
    let sub = herd.dir().join("sub");
    fs::create_dir(&sub).unwrap();
    let mut command = herd.command([] as [&str; 0]);
    command.current_dir(&sub);
    let pty = Pty::start(command, 250, 24);
    pty.shows(&["echo-text"]);
    pty.press(":export 1\r", &["task 1 exported to", "sub/task-1.md"]);
    let text = fs::read_to_string(sub.join("task-1.md")).unwrap();
    assert!(text.contains("\ntext\n"), "{text}");
    pty.press(
        ":export echo-text --format json -o ../it.json\r",
        &["exported to", "it.json"],
    );
    let text = fs::read_to_string(herd.dir().join("it.json")).unwrap();
    let export: Value = serde_json::from_str(&text).unwrap();
    hold(&herd, "export", &[export]);
    for (line, why) in [
        (":export 1 -o no/such\r", "No such file"),
        (":export 1 --run 7\r", "has no run 7"),
        (":export 9\r", "no task 9"),
    ] {
        pty.press(line, &[why]);
    }
}
