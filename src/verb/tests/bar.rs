//! The command bar.

use std::fs;

use super::kit::context;
use crate::core::id::Target;
use crate::core::id::TaskId;
use crate::core::wire::Request;
use crate::verb::*;

#[test]
fn the_bar_takes_the_same_verbs() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join("src/api")).unwrap();
    let context = context(&home.path().join("src"));
    let bar = |line: &str| parse_bar(line, &context);
    let Ok(Asked::Request(Request::Run(run))) = bar(":run --dir ../src/api -- make 'a b'") else {
        panic!("refused");
    };
    let api = home.path().canonicalize().unwrap().join("src/api");
    assert_eq!(run.spec.dir.as_path(), api);
    assert_eq!(run.spec.argv[1].as_bytes(), b"a b");
    let Ok(Asked::Request(Request::Run(run))) = bar("run 'echo a; echo b'") else {
        panic!("refused");
    };
    assert_eq!(run.spec.command_line(), "echo a; echo b");
    assert!(matches!(
        bar("revoke 3"),
        Ok(Asked::Request(Request::Revoke { .. }))
    ));
    assert!(matches!(
        bar("logs 3"),
        Ok(Asked::Page(Target::Id(TaskId(3))))
    ));
    assert!(matches!(bar("logs -f @"), Ok(Asked::Look(Target::Newest))));
    assert!(matches!(bar("show api"), Ok(Asked::Look(Target::Name(_)))));
    assert!(matches!(bar("why api"), Ok(Asked::Why(Target::Name(_)))));
    assert!(matches!(
        bar("rm 3"),
        Ok(Asked::Request(Request::Remove { .. }))
    ));
    let Ok(Asked::Export(export)) = bar("export 3 --format json -o out.json --run 2") else {
        panic!("refused");
    };
    assert_eq!(export.document, Document::Json);
    assert_eq!(export.run, Some(2));
    assert_eq!(export.to, Some(home.path().join("src/out.json")));
    assert!(matches!(bar("help run"), Ok(Asked::Help(_))));
    for (line, part) in [
        ("", "no verb given"),
        ("run 'a", "quote"),
        ("doctor", "command line"),
        ("events", "in a shell: wrangle events -f"),
        ("man", "command line"),
        ("wait 3 4 --any", "--any"),
        ("supervisor", "command line"),
        ("wait 3 --timeout 1s", "--timeout"),
        ("rnu", "did you mean run"),
        ("show", "usage: show"),
    ] {
        let error = bar(line).unwrap_err();
        assert!(
            error.contains(part) && !error.contains('\n'),
            "{line}: {error}"
        );
    }
}

#[test]
fn a_tilde_is_expanded_where_no_shell_has_done_it() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("x")).unwrap();
    let mut context = context(home.path());
    context.caller.dir = "/".into();
    let Ok(Asked::Request(Request::Run(run))) = parse_bar("run --dir ~/x ls", &context) else {
        panic!("refused");
    };
    assert!(run.spec.dir.as_path().ends_with("x"));
}
