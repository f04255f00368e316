//! What was ordered: how requests are answered and mails received.
//!
//! Invariant: the rule that was given first is used first, as often as it says; where none fits, what comes is taken.
//!
//! How to get it wrong: taking a rule away before it has acted. Whoever orders one failure wants to see one.

/// As often as it comes.
pub const ALWAYS: u32 = u32::MAX;

/// How the sink answers a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// With this status: 200, 204, 400, 404, 410, 500, …
    Status(u16),
    /// With this status and a header: `("Retry-After", "120")`, `("Location", "http://…")`.
    With(u16, &'static str, String),
    /// Not at all: the request is kept, and the connection stands still until the client gives up.
    Stall,
    /// Not at all: the request is kept, and the connection is reset.
    Cut,
}

/// How far a mail has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The connection is open, nothing has been said.
    Greeting,
    /// `AUTH`
    Auth,
    /// `MAIL FROM`
    From,
    /// `RCPT TO`, address by address
    To,
    /// `DATA` is said, the mail has not begun
    Data,
    /// The mail has come whole
    End,
}

/// How the mail server receives, at the stage that the rule names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reception {
    /// With this code (4yz or 5yz) and text.
    Refuse(u16, String),
    /// Without a word, until the client gives up.
    Stall,
    /// The connection is reset; at [`Stage::End`] the mail is kept all the same, as by a server that dies before it answers.
    Cut,
}

#[derive(Debug)]
struct AnswerRule {
    path: String,
    answer: Answer,
    left: u32,
}

#[derive(Debug)]
struct ReceptionRule {
    address: Option<String>,
    stage: Stage,
    reception: Reception,
    left: u32,
}

/// What was ordered and is not used up.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    answers: Vec<AnswerRule>,
    receptions: Vec<ReceptionRule>,
    pub(crate) is_dead: bool,
}

impl Rules {
    pub(crate) fn add_answer(&mut self, path: &str, answer: Answer, times: u32) {
        self.answers.push(AnswerRule { path: path.into(), answer, left: times });
    }

    pub(crate) fn add_reception(&mut self, address: Option<&str>, stage: Stage, reception: Reception, times: u32) {
        let address = address.map(str::to_ascii_lowercase);
        self.receptions.push(ReceptionRule { address, stage, reception, left: times });
    }

    /// How a request to this path is answered; uses the rule once.
    pub(crate) fn answer_for(&mut self, path: &str) -> Option<Answer> {
        let rule = self.answers.iter_mut().find(|rule| rule.left > 0 && path.starts_with(&rule.path))?;
        rule.left = less(rule.left);
        Some(rule.answer.clone())
    }

    /// What happens at this stage to a mail for these addresses; uses the rule once.
    pub(crate) fn reception_at(&mut self, stage: Stage, addresses: &[String]) -> Option<Reception> {
        let concerns = |rule: &ReceptionRule| {
            let is_for = |address: &String| addresses.iter().any(|one| one.eq_ignore_ascii_case(address));
            rule.left > 0 && rule.stage == stage && rule.address.as_ref().is_none_or(is_for)
        };
        let rule = self.receptions.iter_mut().find(|rule| concerns(rule))?;
        rule.left = less(rule.left);
        Some(rule.reception.clone())
    }
}

fn less(left: u32) -> u32 {
    if left == ALWAYS { ALWAYS } else { left - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_is_used_as_often_as_it_says() {
        let mut rules = Rules::default();
        rules.add_answer("/webhook", Answer::Status(500), 1);
        rules.add_answer("/", Answer::Stall, ALWAYS);
        assert_eq!(rules.answer_for("/webhook/a"), Some(Answer::Status(500)));
        assert_eq!(rules.answer_for("/webhook/a"), Some(Answer::Stall));
        assert_eq!(rules.answer_for("/slack"), Some(Answer::Stall));

        let refused = Reception::Refuse(550, "no".into());
        rules.add_reception(Some("Two@example.com"), Stage::To, refused.clone(), 1);
        let to = |address: &str| vec![address.to_owned()];
        assert_eq!(rules.reception_at(Stage::To, &to("one@example.com")), None);
        assert_eq!(rules.reception_at(Stage::Data, &to("two@example.com")), None);
        assert_eq!(rules.reception_at(Stage::To, &to("two@example.com")), Some(refused));
        assert_eq!(rules.reception_at(Stage::To, &to("two@example.com")), None);
    }
}
