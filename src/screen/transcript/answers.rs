//! Questions of a conversation that are open no longer, and what they were answered.

use super::talk::{Block, Body, Transcript};

impl Transcript {
    /// A question is no longer open.
    pub(super) fn answered(&mut self, request: &str) {
        let leg = self.leg;
        if let Some(at) = self.asked(leg, request) {
            self.change(at, |body| {
                if let Body::Asks(open) = body {
                    open.answered = true;
                }
            });
        }
    }

    /// The block of a question; of those of one name the last.
    fn asked(&self, leg: usize, request: &str) -> Option<u64> {
        let (first, end) = self.bounds();
        let this = |at: &u64| matches!(self.block(*at), Some(Block { body: Body::Asks(open), .. }) if open.leg == leg && open.request == request);
        (first..end).rev().find(this)
    }

    /// What persons answered in one run of the conversation, from 0: the agent itself need
    /// not say it back.
    pub fn record<'a>(&mut self, leg: usize, answers: impl Iterator<Item = (&'a str, &'a str)>) {
        let mut new = false;
        for (request, how) in answers {
            let key = (leg, request.to_owned());
            if self.answers.get(&key).is_none_or(|known| known != how) {
                self.answers.insert(key, how.to_owned());
                new = true;
            }
        }
        if new {
            self.mark();
            self.version += 1;
        }
    }

    /// Puts answers where their questions stand.
    pub(super) fn mark(&mut self) {
        let answers = std::mem::take(&mut self.answers);
        for ((leg, request), how) in &answers {
            let at = self.asked(*leg, request);
            let new = |at: &u64| matches!(self.block(*at), Some(Block { body: Body::Asks(open), .. }) if open.answer.as_ref() != Some(how));
            if let Some(at) = at.filter(new) {
                self.change(at, |body| {
                    if let Body::Asks(open) = body {
                        open.answered = true;
                        open.answer = Some(how.clone());
                    }
                });
            }
        }
        self.answers = answers;
    }
}
