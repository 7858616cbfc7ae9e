//! What agents ask, and what they are answered.

use super::kit::*;
use crate::core::agent::asked::Which;
use crate::core::agent::event::{AgentEvent, Choice, Question, Want};
use crate::core::agent::plan::Feed;
use crate::core::agent::say::{Reply, Say};
use crate::core::attention::Attention;
use crate::core::engine::tests::world::*;
use crate::core::event::{By, What};
use crate::core::id::TaskId;
use crate::core::input::Input;
use crate::core::wire::Request;

#[test]
fn a_question_is_asked_answered_once_and_in_its_own_words() {
    for (given, wanted) in [
        (Reply::Allow, Ok(Reply::Allow)),
        (
            Reply::AllowAlways,
            Err("it does not offer always; it offers: 1 Allow, 2 Deny"),
        ),
        (
            Reply::Text { text: "2".into() },
            Ok(Reply::Text { text: "no".into() }),
        ),
        (
            Reply::Text {
                text: "allow".into(),
            },
            Ok(Reply::Text { text: "yes".into() }),
        ),
        (
            Reply::Text {
                text: "not there".into(),
            },
            Ok(Reply::Deny {
                why: "not there".into(),
            }),
        ),
    ] {
        let mut world = World::new();
        let run = launch(&mut world, agent(Feed::Talk));
        let nothing = world.ask(reply(given.clone()));
        assert!(told(&world, nothing).contains("asks nothing"));
        hear(&mut world, run, vec![permission()]);
        assert_eq!(world.task(1).attention, Attention::Asking);
        let report = world.engine.report(world.task(1));
        assert_eq!(report.asks.unwrap().choices, ["Allow", "Deny"]);
        assert_eq!(
            report.attention_text.as_deref(),
            Some("claude asks: may it touch /opt?")
        );
        let answered = world.ask(reply(given));
        world.write_all();
        match wanted {
            Ok(answer) => {
                let request = "r1".into();
                assert_eq!(
                    world.said.last(),
                    Some(&(run, Say::Answer { request, answer }))
                );
                assert_eq!(world.task(1).attention, Attention::None);
            }
            Err(line) => {
                assert_eq!(told(&world, answered), line);
                assert_eq!(world.task(1).attention, Attention::Asking);
                assert!(
                    !world
                        .said
                        .iter()
                        .any(|(_, it)| matches!(it, Say::Answer { .. }))
                );
            }
        }
    }
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Talk));
    hear(&mut world, run, vec![question(Want::Answer)]);
    // what is no choice of it
    let refused = world.ask(reply(Reply::AllowAlways));
    assert!(told(&world, refused).contains("asks for an answer"));
    assert_eq!(world.task(1).attention, Attention::Asking);
    let text = Reply::Text {
        text: "blue".into(),
    };
    world.ask(reply(text.clone()));
    world.write_all();
    let said = Say::Answer {
        request: "r1".into(),
        answer: text,
    };
    assert_eq!(world.said.last(), Some(&(run, said)));
}

#[test]
fn what_is_noted_of_a_question_hides_nothing_of_it() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Talk));
    let mut asks = permission();
    if let AgentEvent::Asks(question) = &mut asks {
        question.text = "Bash: rm -rf ~\rls\u{8}\u{202e}\nnow".into();
    }
    hear(&mut world, run, vec![asks]);
    world.write_all();
    let wanted = "claude asks: Bash: rm -rf ~␍ls␈<U+202E>␊now";
    let report = world.engine.report(world.task(1));
    assert_eq!(report.attention_text.as_deref(), Some(wanted));
    let noted = noted(&world, What::Attention);
    assert_eq!(noted, [wanted]);
}

/// A question of this name and text.
fn named(request: &str, text: &str) -> AgentEvent {
    let AgentEvent::Asks(question) = question(Want::Answer) else {
        unreachable!("it asks");
    };
    AgentEvent::Asks(Question {
        request: request.into(),
        text: text.into(),
        ..question
    })
}

#[test]
fn each_question_and_each_answer_is_noted() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Talk));
    let first = named("q#1", "which colour?");
    hear(
        &mut world,
        run,
        vec![first.clone(), named("q#2", "which size?")],
    );
    hear(&mut world, run, vec![first]);
    hear(&mut world, run, vec![permission()]);
    world.write_all();
    let asked = [
        "claude asks: which colour?",
        "claude asks: which size?",
        "claude asks: may it touch /opt?",
    ];
    assert_eq!(noted(&world, What::Attention), asked);
    let report = world.engine.report(world.task(1));
    let numbers: Vec<u64> = report.questions.iter().map(|it| it.number).collect();
    assert_eq!((numbers, report.asks.unwrap().number), (vec![1, 2, 3], 1));
    let text = |text: &str| Reply::Text { text: text.into() };
    let done = world.ask(reply(text("2")));
    world.write_all();
    assert_eq!(
        told(&world, done),
        "task 1: answered Deny, question 1: which colour?"
    );
    world.ask(reply(text("token=h1dd3n")));
    let why = "not there".into();
    world.ask(reply(Reply::Deny { why }));
    world.write_all();
    let answered = [
        "answered Deny, question 1: which colour?",
        "answered token=•••, question 2: which size?",
        "denied (not there), question 3: may it touch /opt?",
    ];
    assert_eq!(noted(&world, What::Notice), answered);
    assert!(
        world
            .log
            .iter()
            .filter(|it| it.what == What::Notice)
            .all(|it| it.by == By::Person)
    );
    assert_eq!(noted(&world, What::Attention), asked, "none is noted twice");
    let story = world.task(1).run.story.as_deref().unwrap();
    let hows: Vec<&str> = story.answers.iter().map(|it| it.how.as_str()).collect();
    assert_eq!(
        hows,
        ["answered Deny", "answered token=•••", "denied (not there)"]
    );
    // a name that is given to another question later is that one's
    hear(&mut world, run, vec![named("q#1", "which shape?")]);
    let story = world.task(1).run.story.as_deref().unwrap();
    assert_eq!(story.asks[0].number, 4);
    assert!(story.answers.iter().all(|it| it.request != "q#1"));
}

#[test]
fn several_are_chosen_where_several_may_be() {
    let text = |text: &str| Reply::Text { text: text.into() };
    for (several, given, wanted) in [
        (true, "1, 2", Ok("Red (warm), Blue")),
        (true, "2,1,2", Ok("Blue, Red (warm)")),
        (true, "blue, 1", Ok("Blue, Red (warm)")),
        (true, "2", Ok("Blue")),
        (true, "1, mauve", Ok("1, mauve")),
        (
            true,
            "1, 9",
            Err("there is no choice 9; it offers: 1 Red: warm, 2 Blue"),
        ),
        (
            false,
            "1, 2",
            Err("it takes one choice; it offers: 1 Red: warm, 2 Blue"),
        ),
        (false, "red, white and blue", Ok("red, white and blue")),
        (false, "7", Ok("7")),
    ] {
        let mut world = World::new();
        let run = launch(&mut world, agent(Feed::Talk));
        let choice = |id: &str, label: &str| Choice {
            id: id.into(),
            label: label.into(),
            grants: None,
        };
        let AgentEvent::Asks(mut question) = question(Want::Answer) else {
            unreachable!("it asks");
        };
        question.several = several;
        question.choices = vec![choice("Red (warm)", "Red: warm"), choice("Blue", "Blue")];
        hear(&mut world, run, vec![AgentEvent::Asks(question)]);
        let done = world.ask(reply(text(given)));
        world.write_all();
        let said = world.said.iter().rev().find_map(|(_, say)| match say {
            Say::Answer { answer, .. } => Some(answer.clone()),
            _ => None,
        });
        match wanted {
            Ok(wanted) => assert_eq!(said, Some(text(wanted)), "{given}"),
            Err(line) => assert_eq!((said, told(&world, done).as_str()), (None, line)),
        }
    }
}

/// An agent's language has no words for an answer: the question is open still.
#[test]
fn a_question_whose_answer_cannot_be_said_stays_open() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Talk));
    hear(&mut world, run, vec![question(Want::Answer)]);
    let text = Reply::Text { text: "red".into() };
    world.ask(reply(text.clone()));
    world.write_all();
    assert_eq!(world.task(1).attention, Attention::None);
    let say = Say::Answer {
        request: "r1".into(),
        answer: text,
    };
    assert_eq!(world.said.last(), Some(&(run, say.clone())));
    let why = "it asks 2 things: answer each on a line";
    world.input(Input::Unsaid(run, say, why.into()));
    world.write_all();
    assert_eq!(world.task(1).attention, Attention::Asking);
    let report = world.engine.report(world.task(1));
    assert_eq!(report.asks.unwrap().number, 1, "it keeps its number");
    assert_eq!(world.task(1).run.story.as_ref().unwrap().answers, []);
    let notices = noted(&world, What::Notice);
    assert!(notices.last().unwrap().contains(why), "{notices:?}");
    // and once more
    world.ask(reply(Reply::Text {
        text: "red\nblue".into(),
    }));
    world.write_all();
    assert!(matches!(
        world.said.last(),
        Some((_, Say::Answer { answer: Reply::Text { text }, .. })) if text == "red\nblue"
    ));
}

#[test]
fn a_question_may_be_denied_and_words_for_leave_may_be_choices_of_it() {
    let why = "never mind".to_owned();
    let deny = Reply::Deny { why };
    let named = Reply::Text { text: "yes".into() };
    for (given, wanted) in [
        (deny.clone(), Some(deny)),
        (Reply::Allow, Some(named)),
        (Reply::AllowAlways, None),
    ] {
        let mut world = World::new();
        let run = launch(&mut world, agent(Feed::Talk));
        hear(&mut world, run, vec![question(Want::Answer)]);
        let before = world.said.len();
        let ticket = world.ask(reply(given));
        world.write_all();
        let Some(answer) = wanted else {
            assert!(told(&world, ticket).contains("asks for an answer"));
            assert_eq!(world.said.len(), before);
            continue;
        };
        let request = "r1".into();
        assert_eq!(
            world.said.last(),
            Some(&(run, Say::Answer { request, answer }))
        );
    }
}

#[test]
fn who_saw_one_question_never_answers_another() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Talk));
    hear(
        &mut world,
        run,
        vec![named("a", "A?"), named("b", "B?"), named("c", "C?")],
    );
    let of = |which: Which| Request::Answer {
        target: crate::core::id::Target::Id(TaskId(1)),
        reply: Reply::Text { text: "x".into() },
        question: Some(which),
    };
    let second = world.ask(of(Which::Number(2)));
    world.write_all();
    assert_eq!(told(&world, second), "task 1: answered x, question 2: B?");
    let gone = AgentEvent::Answered {
        request: "a".into(),
    };
    hear(&mut world, run, vec![gone]);
    world.write_all();
    let said = world.said.len();
    for which in [
        Which::Request("a".into()),
        Which::Number(1),
        Which::Number(2),
        Which::Number(9),
    ] {
        let refused = world.ask(of(which));
        let line = "that question is no longer open: task 1 now asks question 3: C?";
        assert_eq!(told(&world, refused), line);
    }
    world.write_all();
    assert_eq!(world.said.len(), said, "nothing is answered");
    world.ask(of(Which::Request("c".into())));
    world.write_all();
    let refused = world.ask(of(Which::Number(3)));
    let line = "that question is no longer open: task 1 asks nothing now";
    assert_eq!(told(&world, refused), line);
}

#[test]
fn a_number_that_is_taken_as_text_is_said_to_be() {
    let beside = "; that was taken as text: there is no choice 7, it offers: 1 Allow, 2 Deny";
    for (given, aside) in [("7", beside), ("2", ""), ("seven", "")] {
        let mut world = World::new();
        let run = launch(&mut world, agent(Feed::Talk));
        hear(&mut world, run, vec![named("a", "A?")]);
        let done = world.ask(reply(Reply::Text { text: given.into() }));
        world.write_all();
        let line = told(&world, done);
        assert!(line.ends_with(&format!("question 1: A?{aside}")), "{line}");
        // what happened is noted without advice
        assert!(noted(&world, What::Notice)[0].ends_with("A?"));
    }
}

#[test]
fn a_number_of_no_choice_is_no_reason_to_refuse() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Talk));
    hear(&mut world, run, vec![session("S"), permission()]);
    let wrong = world.ask(reply(Reply::Text { text: "7".into() }));
    let line = told(&world, wrong);
    assert!(
        line.contains("no choice 7; it offers: 1 Allow, 2 Deny"),
        "{line}"
    );
    let right = world.ask(reply(Reply::Text { text: "2".into() }));
    world.write_all();
    assert!(
        told(&world, right).contains("task 1"),
        "{}",
        told(&world, right)
    );
}
