//! Agents as verbs launch them.

use std::sync::Arc;

use super::kit::here;
use crate::config::Config;
use crate::core::wire::Request;
use crate::verb::*;

#[test]
fn what_is_selected_on_the_screen_goes_into_a_template() {
    let config = "[templates]\nsee = \"Explain: {selection}\"\n";
    let config = Config::parse(config, "c.toml").unwrap();
    let mut context = here();
    context.templates = Arc::clone(&config.templates);
    context
        .caller
        .env
        .push(("PATH".into(), "/usr/bin:/bin".into()));
    let prompt = |options: &str, selection: Option<&str>| {
        let context = Context {
            selection: selection.map(str::to_owned),
            ..context.clone()
        };
        let line = format!("run --agent generic --template see {options} -- echo {{prompt}}");
        match parse_bar(&line, &context) {
            Ok(Asked::Request(Request::Run(run))) => Ok(run.spec.agent.unwrap().prompt),
            Ok(other) => panic!("{other:?}"),
            Err(line) => Err(line),
        }
    };
    let explained = Ok("Explain: error[E0]".to_owned());
    assert_eq!(prompt("", Some("error[E0]")), explained);
    let set = Ok("Explain: this".to_owned());
    assert_eq!(prompt("--set selection=this", Some("error[E0]")), set);
    let nothing = prompt("", None).unwrap_err();
    assert!(nothing.contains("selection"), "{nothing}");
}
