//! What is wrong is named.

use super::kit::wrong;

#[test]
fn what_is_wrong_is_named_in_one_line_with_the_remedy() {
    for (words, parts) in [
        (&["rnu"][..], &["unknown verb rnu", "did you mean run"][..]),
        (&["xyzzy"], &["unknown verb xyzzy", "wrangle help"]),
        (
            &["run", "--folow", "ls"],
            &["unknown option --folow", "did you mean --follow"],
        ),
        (&["run"], &["missing <CMD>", "wrangle run"]),
        (&["run", "--name"], &["--name", "needs a value"]),
        (
            &["run", "--grace", "soon", "ls"],
            &["--grace", "\"soon\"", "10s"],
        ),
        (
            &["run", "--grace", "-5s", "ls"],
            &["--grace", "\"-5s\" is not a time"],
        ),
        (
            &["run", "--grace", "900 days", "ls"],
            &["--grace", "too long", "1day"],
        ),
        (
            &["run", "--env", "A", "ls"],
            &["--env", "\"A\"", "NAME=VALUE"],
        ),
        (&["run", "--env", "=1", "ls"], &["--env", "NAME=VALUE"]),
        (
            &["run", "--after-exit", "kep", "ls"],
            &["\"kep\"", "--after-exit", "did you mean keep"],
        ),
        (&["run", "--dir", "/no/such", "ls"], &["/no/such", "--dir"]),
        (
            &["run", "--dir", "/dev/null", "ls"],
            &["/dev/null", "not a directory"],
        ),
        (
            &["ls", "--state", "runing"],
            &["\"runing\"", "did you mean running"],
        ),
        (
            &["ls", "--state", "zzz"],
            &["\"zzz\"", "one of queued, parked, starting, running"],
        ),
        (&["ls", "3"], &["unexpected argument 3", "wrangle ls"]),
        (&["show"], &["missing <ID>", "wrangle show"]),
        (&["show", ""], &["a task is named by"]),
        (
            &["revoke"],
            &["missing <ID>", "wrangle revoke", "<ID>...|--all"],
        ),
        (
            &["revoke", "3", "--all"],
            &["--all", "cannot be used together"],
        ),
        (&["logs", "3", "-n", "x"], &["--lines", "invalid digit"]),
        (&["wait", "3", "--timeout", "10"], &["--timeout", "\"10\""]),
        (
            &["run", "--json", "--follow", "ls"],
            &["--json", "--follow", "cannot be used together"],
        ),
        (&["run", "--label", "a b", "ls"], &["--label", "one word"]),
        (&["ls", "--label", "a,b"], &["--label", "without commas"]),
        (&["ls", "--label", ""], &["--label", "at least one"]),
        (&["ls", "--outcome", "fialed"], &["did you mean failed"]),
        (&["ls", "--last", "0"], &["--last"]),
        (&["rm"], &["missing <ID>", "wrangle rm <ID>...|--ended"]),
        (
            &["rm", "3", "--ended"],
            &["--ended", "cannot be used together"],
        ),
        (&["rm", "3", "--older-than", "7d"], &["after --ended"]),
        (&["rm", "3", "--label", "x"], &["after --ended"]),
        (
            &["rm", "--ended", "--older-than", "7"],
            &["--older-than", "\"7\" is not a time"],
        ),
        (&["export"], &["missing <ID>", "wrangle export"]),
        (
            &["export", "3", "--format", "jsn"],
            &["\"jsn\"", "--format", "did you mean json"],
        ),
        (&["export", "3", "--run", "0"], &["--run"]),
        (&["events", "--lines"], &["missing --follow"]),
        (&["events", "3"], &["unexpected argument 3"]),
        (&["schema", "tsak"], &["did you mean task"]),
        (&["completions", "bsh"], &["\"bsh\"", "did you mean bash"]),
        (
            &["run", "--name", "a", "--name", "b", "ls"],
            &["--name", "twice"],
        ),
    ] {
        let line = wrong(words);
        for part in parts {
            assert!(line.contains(part), "{words:?}: {line}");
        }
    }
}

#[test]
fn what_is_missing_is_named_with_the_remedy() {
    for (words, part) in [
        (&["rm", "--older-than", "1d"][..], "<ID>...|--ended"),
        (&["rm", "--older-than", "1000y"], "the most is 100years"),
        (&["run", "--", ""], "the command is empty; name a program"),
        (&["run", " "], "the command is empty"),
    ] {
        let line = wrong(words);
        assert!(line.contains(part), "{words:?}: {line}");
    }
}

#[test]
fn what_is_no_text_is_refused_where_text_is_wanted() {
    use std::os::unix::ffi::OsStringExt;
    let words = ["run", "--name", "", "true"].map(std::ffi::OsString::from);
    let mut words = words.to_vec();
    words[2] = std::ffi::OsString::from_vec(b"a\xff".to_vec());
    let refused = crate::verb::parse_args(words).unwrap_err();
    assert!(
        matches!(&refused, crate::verb::Stop::Usage(line) if line.contains("UTF-8; ")),
        "{refused:?}"
    );
}
