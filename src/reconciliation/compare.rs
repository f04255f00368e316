//! One page of Twilio's list beside the database: sorted in memory, and what differs attended to, a few at a time.
//!
//! How to get it wrong: asking Twilio about numbers that are as they should be. Almost all are.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use futures_util::stream::{self, StreamExt as _};

use super::dependencies::ReconcilerDependencies;
use super::known::{Decision, Shall, decide};
use super::losses::Losses;
use super::page::Page;
use super::report::{Finding, Report};
use super::suspicion::Word;
use super::trouble::Trouble;
use super::{orphan, repair};
use crate::db::numbers::{KnownItem, KnownNumber, Listed, Lookup, listed_look, number_note_tag, pools_kinds};
use crate::db::pools::PoolWanted;
use crate::domain::{InstanceName, NumberStatus, PoolName, Tag, Webhooks};
use crate::twilio::IncomingNumber;

/// Numbers attended to at a time.
const AT_A_TIME: usize = 4;

/// A number that differs from what the database says.
enum Difference {
    Known(KnownNumber, Box<IncomingNumber>, Decision),
    Orphan(Option<KnownItem>, Box<IncomingNumber>),
}

/// Compares a page that was just read. `seen` grows by the ids of our numbers on it. What was lost is not attended to, but
/// put aside in `losses` until all of it is known. `confirmed` = an operator's word about what many numbers seem to be.
pub(super) async fn compare(
    deps: &ReconcilerDependencies,
    numbers: Vec<IncomingNumber>,
    (seen, mut losses): (&mut HashSet<i64>, Option<&mut Losses>),
    confirmed: bool,
    report: &mut Report,
) -> Result<(), Trouble> {
    report.checked += u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    let (page, looked) = look(deps, &numbers).await?;
    let page = Page { word: if confirmed { Word::Operators } else { Word::Ours }, ..page };
    let mut differences = Vec::new();
    for (number, looked) in numbers.into_iter().zip(looked) {
        match looked.number {
            Some(known) => {
                // A number that moved between two pages is listed twice.
                if known.status != NumberStatus::Released && !seen.insert(known.id) {
                    continue;
                }
                // Nobody ever configured its pool: what it shall be, nobody said.
                let Some(shall) = page.shall_of(&known.pool) else { continue };
                let decision = decide(&known, &number, shall);
                if known.another_tag && !matches!(decision, Decision::TaggedFor(_)) {
                    let id = known.id;
                    page.buyer
                        .db
                        .run_patiently("number_note_tag", move |conn| number_note_tag(conn, id, false))
                        .await?;
                }
                match decision {
                    Decision::Fine => {}
                    Decision::Attend(differs) if losses.is_some() && shall.is_loss(differs, &known, &number) => {
                        if let Some(losses) = losses.as_deref_mut() {
                            losses.put_aside(number);
                        }
                    }
                    decision @ (Decision::StillThere
                    | Decision::TaggedFor(_)
                    | Decision::TagIsOursAgain
                    | Decision::Attend(_)) => differences.push(Difference::Known(known, Box::new(number), decision)),
                }
            }
            None if tag_of(&number, &page.instance).is_some() => {
                differences.push(Difference::Orphan(looked.item, Box::new(number)));
            }
            None if looked.ignored => {
                report.add(Finding::ignored(&number));
            }
            // No tag of anybody's, but the E.164 of an item that nobody knows the outcome of: a label, or a create that
            // lost its tag.
            None if looked.item.is_some() => differences.push(Difference::Orphan(looked.item, Box::new(number))),
            None => {
                report.add(Finding::foreign(&number, foreign_reason(&number)));
            }
        }
    }
    page.attend_all(differences, seen, report).await
}

/// Looks numbers up that Twilio showed just now.
pub(super) async fn look<'a>(
    deps: &'a ReconcilerDependencies,
    numbers: &[IncomingNumber],
) -> Result<(Page<'a>, Vec<Lookup>), Trouble> {
    let buyer = &deps.buyer;
    let config = buyer.config.load();
    let instance = config.instance.name.clone();
    let listed: Vec<Listed> = numbers.iter().map(|number| listed(number, &instance)).collect();
    let look = move |conn: &mut crate::db::Connection| Ok((listed_look(conn, &listed)?, pools_kinds(conn)?));
    let ((stored, looked), kinds) = buyer.db.run_patiently("listed_look", look).await?;
    let shall = |(pool, webhooks): (PoolName, Webhooks)| {
        let ours = config.webhooks_of(&pool);
        let shall = Shall {
            instance: instance.clone(),
            capabilities: config.pool(&pool).map(|pool| pool.capabilities.clone()),
            kind: kinds.get(&pool).copied(),
            skewed: ours.is_some_and(|ours| ours != webhooks),
            wanted: PoolWanted { pool: pool.clone(), webhooks },
        };
        (pool, shall)
    };
    let page = Page {
        buyer,
        shall: stored.into_iter().map(shall).collect(),
        instance: instance.clone(),
        repair_assigned: config.reconcile.repair_assigned,
        word: Word::Ours,
        unanswered: AtomicU32::new(0),
        broken: AtomicBool::new(false),
    };
    Ok((page, looked))
}

fn listed(number: &IncomingNumber, instance: &InstanceName) -> Listed {
    let tag = Tag::parse(&number.friendly_name);
    let untagged = tag.is_none();
    let item_id = tag.filter(|tag| tag.instance == *instance).map(|tag| tag.item_id);
    Listed { sid: number.sid.clone(), phone_number: number.phone_number.clone(), item_id, untagged }
}

/// Our own tag, if it carries one.
fn tag_of(number: &IncomingNumber, instance: &InstanceName) -> Option<Tag> {
    Tag::parse(&number.friendly_name).filter(|tag| tag.instance == *instance)
}

fn foreign_reason(number: &IncomingNumber) -> String {
    match Tag::parse(&number.friendly_name) {
        Some(tag) => format!("tagged for instance {:?}", tag.instance.as_str()),
        None => "not callbunker's: it carries no tag".to_owned(),
    }
}

impl Page<'_> {
    /// Attends to what differs, a few at a time.
    async fn attend_all(
        &self,
        differences: Vec<Difference>,
        seen: &mut HashSet<i64>,
        report: &mut Report,
    ) -> Result<(), Trouble> {
        let mut attended =
            stream::iter(differences).map(|difference| self.attend(difference)).buffer_unordered(AT_A_TIME);
        let mut trouble = None;
        while let Some(outcome) = attended.next().await {
            match outcome {
                Ok(findings) => {
                    for unseen in findings.into_iter().filter_map(|finding| report.add(finding)) {
                        seen.remove(&unseen);
                    }
                }
                Err(first) => {
                    self.broken.store(true, Ordering::Relaxed);
                    trouble = trouble.or(Some(first));
                }
            }
        }
        trouble.map_or(Ok(()), Err)
    }

    async fn attend(&self, difference: Difference) -> Result<Vec<Finding>, Trouble> {
        if self.broken.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        if self.buyer.is_stopping() {
            return Err(Trouble::Stopping);
        }
        let (phone_number, pool) = match &difference {
            Difference::Known(known, number, _) => (number.phone_number.clone(), Some(known.pool.clone())),
            Difference::Orphan(item, number) => {
                (number.phone_number.clone(), item.as_ref().map(|item| item.pool.clone()))
            }
        };
        let attended = match difference {
            Difference::Known(known, number, decision) => repair::attend(self, &known, *number, decision).await,
            Difference::Orphan(item, number) => orphan::take_in(self, item.as_ref(), &number).await,
        };
        match attended {
            // It concerns this number: the others have their turn all the same.
            Err(Trouble::Twilio(failure)) if failure.concerns_one_number() && !self.broken.load(Ordering::Relaxed) => {
                slog::error!(self.buyer.log, "a number that differs from the database cannot be looked at";
                    "phone_number_ends" => phone_number.last_four(), "cause" => failure.for_log(),
                    "twilio_code" => failure.twilio_code(), "request_id" => failure.request_id());
                Ok(vec![Finding::not_to_be_read(&phone_number, pool.as_ref(), &failure)])
            }
            attended => attended,
        }
    }
}
