//! What is more than can be true: somebody is called, and nothing is bought by itself until an operator confirms.
//!
//! Invariant: what many numbers lost all at once is believed as little as that many are gone at once, whoever finds it, a
//! comparison or the care for single numbers; none of them is changed. A wrong answer, a wrong credential or a changed
//! setting must not make a pool worthless that is then bought anew.
//! How to get it wrong: telling it once. Each comparison tells it again, until it is confirmed or over.

use crate::db::buying_state::buying_state_read;
use crate::db::numbers::{
    FailedWebhooks, HoldReason, TagHold, number_fail_webhooks, number_hold_contested, number_hold_tag_conflict,
    number_tried_in_vain,
};
use crate::db::{Db, DbError};
use crate::domain::PhoneNumber;
use crate::purchaser::breaker;

/// So many answers in a row that contradict what was asked for, or cannot be read, are as good as a refusal.
const IN_VAIN_MAX: u32 = 5;

/// What an operator says, and with it what is believed.
const CONFIRM: &str = "POST /admin/phones/api/reconcile with {\"confirm_missing\":true}";

/// What so many numbers seem to be that nobody believes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suspected {
    /// Twilio does not know them.
    Gone,
    /// Without a capability, of another type than their pool, or without all webhooks.
    Lost,
    /// Not to be read.
    Unreadable,
    /// In none of the services, profiles and products any more that they were attached to.
    Left,
    /// Without our webhooks, because Twilio refuses or ignores them.
    NotToBeSet,
    /// Another environment's, by their tags.
    Tagged,
    /// Contested: somebody else goes on setting their webhooks back.
    Contested,
}

/// More than can be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Suspicion {
    pub(crate) what: Suspected,
    /// So many, at least.
    pub(crate) count: usize,
    /// Of so many.
    pub(crate) live: i64,
}

impl Suspicion {
    /// What an operator must do about it.
    pub(crate) fn problem(self) -> String {
        let Self { what, count, live } = self;
        match what {
            Suspected::Gone => format!(
                "{count} or more of {live} numbers are gone at Twilio, which is more than can be true; none was marked missing. \
                 Check that TWILIO_ACCOUNT_SID and the credentials belong to the account that bought them. If the numbers are \
                 really gone, {CONFIRM}; then POST /admin/phones/api/resume."
            ),
            Suspected::Lost => format!(
                "{count} or more of {live} numbers lost a capability that their pool wants, or all of their webhooks, \
                 or are of another type than their pool, which is more than can be true; none was changed, and nothing is bought by itself. Look at some of them in \
                 Twilio's console, and at pool.capabilities. If it is so, {CONFIRM}, which confirms this too; then POST \
                 /admin/phones/api/resume."
            ),
            Suspected::Unreadable => format!(
                "{count} or more of {live} numbers cannot be read in what Twilio answers, which is more than can be true; none \
                 was changed or judged, and nothing is bought by itself. Look at the account's numbers in Twilio's console, and \
                 compare again. If they look right there, tell Twilio's support, and {CONFIRM}, which accepts that so many are \
                 not to be read; then POST /admin/phones/api/resume."
            ),
            Suspected::Left => format!(
                "{count} or more of {live} numbers have left the messaging service, profile or product that they were attached to, which is \
                 more than can be true; none was changed, and nothing is bought by itself. Look at them in Twilio's console, and check \
                 that the credentials belong to the account that has them. If they have really left, {CONFIRM}, which confirms this \
                 too; then POST /admin/phones/api/resume."
            ),
            Suspected::NotToBeSet => format!(
                "of {live} numbers {count} or more that nobody uses do not take their webhooks, because Twilio refuses or \
                 ignores the update, which is more than can be true; no more are given up, and nothing is bought by itself. \
                 Check that Twilio accepts PUBLIC_APP_URL and the paths under [webhooks], and knows what voice_application_sid, \
                 sms_application_sid and trunk_sid name there or in a pool's webhooks; look at some of the numbers in Twilio's \
                 console, then POST /admin/phones/api/configure-webhooks. If Twilio is right about them, {CONFIRM}, \
                 which gives them up. Then POST /admin/phones/api/resume."
            ),
            // Without counts: these are held all the same, and the next one is the same reason.
            Suspected::Tagged => "within a day more numbers that nobody uses came to carry another environment's tag than can \
                 be true; they are held, and nothing is bought by itself. Find out which environment shares the Twilio \
                 account, or who renamed the numbers there; POST /admin/phones/api/numbers/NUMBER/adopt takes back each that \
                 is ours. Then POST /admin/phones/api/resume."
                .to_owned(),
            Suspected::Contested => "within a day somebody else set the webhooks of more numbers that nobody uses back three times \
                 than can be true; they are held, and nothing is bought by itself. Find out which program or person sets them \
                 (another environment with this account's key, Terraform, Twilio's console) and stop them; POST \
                 /admin/phones/api/numbers/NUMBER/adopt takes each back into its pool. Then POST /admin/phones/api/resume."
                .to_owned(),
        }
    }

    fn cry(self) -> &'static str {
        match self.what {
            Suspected::Gone => "more numbers are gone at Twilio than can be true; none was marked missing",
            Suspected::Lost => "more numbers lost what they could do than can be true; none was changed",
            Suspected::Unreadable => "more numbers cannot be read than can be true; none was changed",
            Suspected::Left => "more numbers have left what they were attached to than can be true; none was changed",
            Suspected::Tagged => "more numbers carry another environment's tag than can be true; they are held",
            Suspected::Contested => "somebody else sets back more numbers' webhooks than can be true; they are held",
            Suspected::NotToBeSet => "more numbers do not take their webhooks than can be true; no more are given up",
        }
    }

    /// Whether buying is halted because of it: repairs come by every few seconds, and nothing is new.
    async fn is_known(self, db: &Db) -> Result<bool, DbError> {
        let buying = db.run_patiently("buying_state_read", buying_state_read).await?;
        Ok(buying.halted.is_some_and(|halted| halted.message.contains(&self.problem())))
    }

    /// Calls somebody, and halts buying until a resume.
    pub(crate) async fn halt(self, db: &Db, log: &slog::Logger) {
        let problem = self.problem();
        slog::crit!(log, "{}", self.cry(); "count" => self.count, "live" => self.live, "do" => &problem);
        breaker::halt(db, log, None, problem, None).await;
    }
}

/// By whose word a number is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// Nobody's: too many of them halt buying.
    Ours,
    /// An operator's, who says that it is so, however many they are.
    Operators,
    /// Of an instance that may set no webhooks, because it is configured with others: too many of them are left as they
    /// are. An instance that is configured rightly, or the next `configure-webhooks`, mends them, and no resume is needed.
    Bystanders,
}

/// Gives a number up whose webhooks cannot be set, for as long as it does not have them, or finds that these would be too
/// many.
pub(crate) async fn give_up(
    db: &Db,
    log: &slog::Logger,
    (id, phone_number): (i64, &PhoneNumber),
    word: Word,
) -> Result<Option<Suspicion>, DbError> {
    let fail = move |conn: &mut crate::db::Connection| number_fail_webhooks(conn, id, word == Word::Operators);
    match db.run_patiently("number_fail_webhooks", fail).await? {
        FailedWebhooks::GivenUp => {
            let why = match word {
                Word::Bystanders => "nobody sets the webhooks of a number that its pool wants: run configure-webhooks",
                Word::Ours | Word::Operators => {
                    "a number does not take our webhooks: look at it in Twilio's console, then configure-webhooks, or release it"
                }
            };
            slog::error!(log, "{}", why; "phone_number_ends" => phone_number.last_four(), "until_then" => "it serves nobody");
            Ok(None)
        }
        FailedWebhooks::NotFree => Ok(None),
        FailedWebhooks::TooMany(count, live) => {
            let suspicion = Suspicion { what: Suspected::NotToBeSet, count, live };
            if word != Word::Bystanders && !suspicion.is_known(db).await? {
                suspicion.halt(db, log).await;
            }
            Ok(Some(suspicion))
        }
    }
}

/// The same for one about which Twilio answers as if all were well, and other than it was told, or in a way that cannot be
/// read: that happens, but not again and again.
pub(crate) async fn tried_in_vain(
    db: &Db,
    log: &slog::Logger,
    number: (i64, &PhoneNumber),
    word: Word,
) -> Result<Option<Suspicion>, DbError> {
    let id = number.0;
    let times = db.run_patiently("number_tried_in_vain", move |conn| number_tried_in_vain(conn, id)).await?;
    if times >= IN_VAIN_MAX || (times > 0 && word == Word::Operators) {
        return give_up(db, log, number, word).await;
    }
    Ok(None)
}

/// Holds a number that carries another environment's tag, however many they are: theirs is never given to a user of ours. If
/// they are too many, buying is halted first, so that a crash between the two forgets neither. Says whether it is held now.
pub(crate) async fn hold_tagged(
    db: &Db,
    log: &slog::Logger,
    id: i64,
    word: Word,
) -> Result<(bool, Option<Suspicion>), DbError> {
    hold(db, log, (id, HoldReason::TagConflict), word).await
}

/// Holds a number whose webhooks somebody else sets back again and again, in the same way: each is held, and too many of them halt
/// buying, else the pool would be bought anew, and set back in its turn.
pub(crate) async fn hold_contested(
    db: &Db,
    log: &slog::Logger,
    (id, phone_number): (i64, &PhoneNumber),
    word: Word,
) -> Result<(bool, Option<Suspicion>), DbError> {
    let held = hold(db, log, (id, HoldReason::Contested), word).await?;
    if held.0 {
        slog::error!(log, "somebody else set a number's webhooks back three times within a day: find out who, then adopt it";
            "phone_number_ends" => phone_number.last_four(), "until_then" => "it is held and serves nobody");
    }
    Ok(held)
}

async fn hold(
    db: &Db,
    log: &slog::Logger,
    which: (i64, HoldReason),
    word: Word,
) -> Result<(bool, Option<Suspicion>), DbError> {
    let (count, live) = match hold_unless_too_many(db, which, word == Word::Operators).await? {
        TagHold::TooMany(count, live) => (count, live),
        done @ (TagHold::OnHold | TagHold::NotIdle) => return Ok((done == TagHold::OnHold, None)),
    };
    let what = if which.1 == HoldReason::Contested { Suspected::Contested } else { Suspected::Tagged };
    let suspicion = Suspicion { what, count, live };
    if !suspicion.is_known(db).await? {
        suspicion.halt(db, log).await;
    }
    Ok((hold_unless_too_many(db, which, true).await? == TagHold::OnHold, Some(suspicion)))
}

async fn hold_unless_too_many(
    db: &Db,
    (id, reason): (i64, HoldReason),
    whatever_the_count: bool,
) -> Result<TagHold, DbError> {
    let contested = reason == HoldReason::Contested;
    let label = if contested { "number_hold_contested" } else { "number_hold_tag_conflict" };
    let hold = move |conn: &mut crate::db::Connection| {
        if contested {
            number_hold_contested(conn, id, whatever_the_count)
        } else {
            number_hold_tag_conflict(conn, id, whatever_the_count)
        }
    };
    db.run_patiently(label, hold).await
}
