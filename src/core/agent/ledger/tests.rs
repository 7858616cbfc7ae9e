//! Counters of several kinds, made one figure.

use super::*;
use crate::core::agent::price::Price;

fn used(meter: Meter, input: u64, cost: Option<u64>) -> Used {
    Used {
        model: Some("m".into()),
        tokens: Tokens {
            input,
            ..Tokens::default()
        },
        cost: cost.map(Usd),
        meter,
    }
}

fn figure(input: u64, cost: u64) -> Figure {
    let used = used(Meter::Session, input, Some(cost));
    Figure::new(used.tokens, used.cost)
}

fn call(key: &str) -> Meter {
    Meter::Call {
        key: key.into(),
        partial: false,
    }
}

fn total(ledger: &Ledger) -> (u64, Option<u64>) {
    let bill = ledger.bill(&Prices::default(), None);
    (bill.tokens.input, bill.cost.map(|cost| cost.0))
}

#[test]
fn an_answer_told_of_twice_counts_once_and_a_counter_covers_it() {
    let mut ledger = Ledger::default();
    ledger.take(&used(call("a"), 10, None));
    ledger.take(&used(call("a"), 12, None));
    ledger.take(&used(call("b"), 5, None));
    assert_eq!(total(&ledger), (17, None));
    ledger.take(&used(Meter::Session, 17, Some(170)));
    assert_eq!(total(&ledger), (17, Some(170)));
    ledger.take(&used(call("b"), 5, None));
    assert_eq!(total(&ledger), (17, Some(170)), "told once more");
    ledger.take(&used(call("c"), 3, Some(30)));
    assert_eq!(total(&ledger), (20, Some(200)));
}

#[test]
fn a_counter_of_the_conversation_counts_from_where_the_run_began() {
    let mut first = Ledger::default();
    first.take(&used(Meter::Session, 100, Some(1000)));
    let mut second = Ledger::after(first.session(), Figures::new());
    assert_eq!(total(&second), (0, None));
    second.take(&used(Meter::Session, 130, Some(1300)));
    assert_eq!(total(&second), (30, Some(300)));
    let silent = Ledger::after(second.session(), Figures::new());
    let mut fourth = Ledger::after(silent.session(), Figures::new());
    fourth.take(&used(Meter::Session, 131, Some(1310)));
    assert_eq!(total(&fourth), (1, Some(10)));
    let mut anew = Ledger::after(fourth.session(), Figures::new());
    anew.take(&used(Meter::Session, 7, Some(70)));
    assert_eq!(total(&anew), (7, Some(70)), "it began anew");
}

#[test]
fn what_a_broken_off_run_used_counts_once_whether_the_next_counter_has_it_or_not() {
    for (told, absorbed, sum) in [(130, false, 150), (150, true, 150)] {
        let mut first = Ledger::default();
        first.take(&used(Meter::Session, 100, Some(1000)));
        let mut dead = Ledger::after(first.session(), first.uncovered());
        dead.take(&used(call("a"), 20, None));
        let mut next = Ledger::after(dead.session(), dead.uncovered());
        next.take(&used(call("b"), 30, None));
        next.take(&used(Meter::Session, told, Some(told * 10)));
        assert_eq!(next.absorbs(), absorbed);
        if absorbed {
            dead.counted(next.absorb());
        }
        let all = [first, dead, next].map(|ledger| total(&ledger).0);
        assert_eq!(all.iter().sum::<u64>(), sum, "{all:?}");
    }
}

/// Claude Code asks for an alias and is answered under the name of a snapshot, or of a
/// gateway; qwen-code's counter names no model.
#[test]
fn a_counter_covers_what_was_answered_under_another_name() {
    let named = |model: &str, meter: Meter, input| Used {
        model: (!model.is_empty()).then(|| model.to_owned()),
        ..used(meter, input, None)
    };
    let cases = [
        ("m", "m-20260101", None),
        ("m[1m]", "provider/m", None),
        ("", "scripted", None),
        ("m", "scripted", Some(("small", 3))),
    ];
    for (counter, answers, beside) in cases {
        for (told, absorbed) in [(130, false), (150, true)] {
            let mut first = Ledger::default();
            first.take(&named(counter, Meter::Session, 100));
            let mut dead = Ledger::after(first.session(), first.uncovered());
            dead.take(&named(answers, call("a"), 20));
            let mut next = Ledger::after(dead.session(), dead.uncovered());
            next.take(&named(answers, call("b"), 30));
            if let Some((model, input)) = beside {
                next.take(&named(model, Meter::Session, input));
            }
            next.take(&named(counter, Meter::Session, told));
            assert_eq!(next.absorbs(), absorbed, "{counter:?} {answers:?} {told}");
        }
    }
}

#[test]
fn where_a_run_says_what_was_before_it_that_tells_whether_a_broken_off_one_is_in_it() {
    for (before, told, absorbed) in [(100, 150, false), (120, 150, true)] {
        let mut first = Ledger::default();
        first.take(&used(Meter::Session, 100, None));
        let mut dead = Ledger::after(first.session(), first.uncovered());
        dead.take(&used(call("a"), 20, None));
        let mut next = Ledger::after(dead.session(), dead.uncovered());
        // what a helper's model used no single answer tells
        next.take(&used(call("b"), 30, None));
        next.take(&used(Meter::Began, before, None));
        next.take(&used(Meter::Session, told, None));
        assert_eq!(next.absorbs(), absorbed);
        assert_eq!(total(&next).0, told - before);
        if absorbed {
            dead.counted(next.absorb());
        }
        assert_eq!(total(&dead).0, 20, "as it told, or as the counter has it");
        let last = Ledger::after(next.session(), next.uncovered());
        assert_eq!(last.uncovered().is_empty(), absorbed);
    }
}

#[test]
fn a_conversation_that_began_elsewhere_counts_from_where_it_is_said_to_have_been() {
    let mut elsewhere = Ledger::default();
    elsewhere.take(&used(Meter::Began, 100, Some(1000)));
    elsewhere.take(&used(Meter::Session, 130, Some(1300)));
    assert_eq!(total(&elsewhere), (30, Some(300)));
    let mut next = Ledger::after(elsewhere.session(), elsewhere.uncovered());
    next.take(&used(Meter::Began, 120, Some(1200)));
    next.take(&used(Meter::Session, 131, Some(1310)));
    assert_eq!(
        total(&next),
        (11, Some(110)),
        "what it says of itself counts"
    );
}

#[test]
fn a_run_that_goes_on_in_another_conversation_counts_both() {
    let mut ledger = Ledger::after([("m".to_owned(), figure(100, 1000))].into(), Figures::new());
    ledger.take(&used(Meter::Session, 120, Some(1200)));
    ledger.take(&used(call("a"), 5, Some(50)));
    ledger.leave_conversation();
    assert_eq!(
        total(&ledger),
        (25, Some(250)),
        "nothing is told of the next"
    );
    // told once more, it counts no more; more than the last counter is no sign of it
    ledger.take(&used(call("a"), 5, Some(50)));
    ledger.take(&used(Meter::Session, 130, Some(1300)));
    assert_eq!(total(&ledger), (155, Some(1550)));
    let mut next = Ledger::after(ledger.session(), ledger.uncovered());
    next.take(&used(Meter::Session, 131, Some(1310)));
    assert_eq!(total(&next), (1, Some(10)));
}

#[test]
fn an_answer_that_is_not_told_in_full_is_partial_until_it_is_or_is_covered() {
    let begun = |key: &str| Meter::Call {
        key: key.into(),
        partial: true,
    };
    let mut ledger = Ledger::default();
    ledger.take(&used(begun("a"), 10, None));
    assert!(ledger.is_partial());
    ledger.take(&used(call("a"), 12, None));
    assert!(!ledger.is_partial());
    for n in 0..1000 {
        ledger.take(&used(begun(&n.to_string()), 1, None));
    }
    for n in 0..1000 {
        ledger.take(&used(call(&format!("other {n}")), 1, None));
    }
    assert!(ledger.is_partial(), "those that are forgotten were");
    ledger.take(&used(Meter::Session, 5000, Some(5)));
    assert!(!ledger.is_partial());
    ledger.take(&used(begun("b"), 10, None));
    ledger.leave_conversation();
    ledger.take(&used(Meter::Session, 5, Some(5)));
    assert!(ledger.is_partial(), "nobody will tell any more");
}

#[test]
fn a_counter_that_falls_began_anew() {
    let mut ledger = Ledger::default();
    for (input, sum) in [(50, 50), (10, 60), (20, 70), (20, 70)] {
        ledger.take(&used(Meter::Session, input, Some(input * 10)));
        assert_eq!(total(&ledger), (sum, Some(sum * 10)));
    }
}

#[test]
fn a_counter_of_money_alone_leaves_the_tokens_to_single_answers() {
    let mut first = Ledger::default();
    first.take(&used(Meter::Session, 0, Some(100)));
    first.take(&used(call("a"), 20, None));
    first.take(&used(Meter::Session, 0, Some(150)));
    first.take(&used(call("b"), 30, None));
    assert_eq!(total(&first), (50, Some(150)));
    let mut next = Ledger::after(first.session(), Figures::new());
    next.take(&used(Meter::Session, 0, Some(190)));
    next.take(&used(call("c"), 7, None));
    assert_eq!(total(&next), (7, Some(40)));
}

#[test]
fn many_answers_are_all_counted() {
    let mut ledger = Ledger::default();
    for n in 0..1000 {
        ledger.take(&used(call(&n.to_string()), 1, Some(2)));
    }
    assert_eq!(total(&ledger), (1000, Some(2000)));
    assert!(ledger.calls.len() <= RECENT);
}

#[test]
fn a_cost_is_told_or_looked_up_or_not_known() {
    let mut ledger = Ledger::default();
    ledger.take(&used(Meter::Run, 10, None));
    let prices = Prices {
        date: "2026-11-20".into(),
        models: [(
            "m".to_owned(),
            Price {
                input: 3000,
                ..Price::default()
            },
        )]
        .into(),
    };
    let bill = ledger.bill(&prices, None);
    assert_eq!((bill.cost, bill.source), (Some(Usd(30)), Source::Prices));
    let bill = ledger.bill(&Prices::default(), None);
    assert_eq!((bill.cost, bill.source), (None, Source::Unknown));
    let mut nameless = Ledger::default();
    nameless.take(&Used {
        model: None,
        ..used(Meter::Run, 10, None)
    });
    assert_eq!(nameless.bill(&prices, Some("m")).cost, Some(Usd(30)));
    assert_eq!(nameless.bill(&prices, None).cost, None);
    let nothing = Ledger::default().bill(&prices, None);
    assert_eq!((nothing.cost, nothing.source), (None, Source::Nothing));
}

#[test]
fn beyond_its_bound_a_price_tells_what_was_used_cost_at_least() {
    let mut ledger = Ledger::default();
    ledger.take(&used(Meter::Run, 11, None));
    let price = Price {
        input: 1_000_000,
        upto: Some(10),
        ..Price::default()
    };
    let prices = Prices {
        models: [("m".to_owned(), price)].into(),
        ..Prices::default()
    };
    let bill = ledger.bill(&prices, None);
    assert_eq!(
        (bill.cost, bill.known, bill.source),
        (None, Usd(11_000), Source::Unknown)
    );
}

#[test]
fn what_was_told_of_some_answers_stays_and_others_are_looked_up() {
    let price = Price {
        input: 1_000_000,
        ..Price::default()
    };
    let prices = Prices {
        models: [("m".to_owned(), price)].into(),
        ..Prices::default()
    };
    let mut ledger = Ledger::default();
    ledger.take(&used(Meter::Session, 5, Some(7)));
    ledger.take(&used(call("a"), 2, None));
    let bill = ledger.bill(&prices, None);
    assert_eq!((bill.cost, bill.source), (Some(Usd(2007)), Source::Both));
    let bill = ledger.bill(&Prices::default(), None);
    assert_eq!(
        (bill.cost, bill.known, bill.source),
        (None, Usd(7), Source::Unknown)
    );
    let mut next = Ledger::after(ledger.session(), ledger.uncovered());
    next.take(&used(Meter::Session, 9, Some(11)));
    assert_eq!(total(&next), (4, Some(4)));
}

#[test]
fn a_result_that_tells_of_money_alone_leaves_the_tokens_to_single_answers() {
    let mut ledger = Ledger::default();
    ledger.take(&used(call("a"), 2, None));
    ledger.take(&used(Meter::Run, 0, Some(30)));
    assert_eq!(total(&ledger), (2, Some(30)));
}

/// qwen-code's says nothing of what was before.
#[test]
fn a_counter_of_tokens_alone_leaves_a_broken_off_run_what_its_answers_told() {
    let counter = |input| used(Meter::Session, input, None);
    let mut first = Ledger::default();
    first.take(&counter(100));
    let mut dead = Ledger::after(first.session(), first.uncovered());
    dead.take(&used(call("a"), 20, None));
    let mut next = Ledger::after(dead.session(), dead.uncovered());
    next.take(&used(call("b"), 30, None));
    next.take(&counter(150));
    assert!(next.absorbs());
    dead.counted(next.absorb());
    next.take(&counter(157));
    let all = [&first, &dead, &next].map(|ledger| total(ledger).0);
    assert_eq!(all, [100, 20, 37]);
}
