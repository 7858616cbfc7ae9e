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
    Figure {
        tokens: used.tokens,
        cost: used.cost,
    }
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
        assert_eq!(next.absorbed, absorbed);
        if absorbed {
            dead.cover_calls();
        }
        let all = [first, dead, next].map(|ledger| total(&ledger).0);
        assert_eq!(all.iter().sum::<u64>(), sum, "{all:?}");
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
    assert_eq!(total(&next), (1, Some(10)), "known better here");
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
