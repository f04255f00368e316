//! Numbers that the database does not know, with our tag, or with no tag and the E.164 of an item in doubt: paid for, and
//! lost on the way.
//!
//! Invariants: the ledger's item decides, by the purchaser's own judgement and through `item_settle`; an order that is
//! being run settles its own items; a number whose item nobody knows is held until an operator decides.
//! How to get it wrong: believing the tag alone. Another environment of the same name would lose its numbers.

use std::time::Duration;

use super::page::Page;
use super::patience::patiently;
use super::report::{Finding, Line};
use super::trouble::Trouble;
use crate::db::numbers::{
    Destination, Gone, HoldReason, KnownItem, OwnedNumber, number_holding, number_let_go, number_take_in_found,
};
use crate::db::purchases::items::{Settlement, item_settle};
use crate::db::{Connection, Constraint, DbError};
use crate::domain::{Kind, NumberStatus, PoolName, Tag};
use crate::purchaser::{Owner, Wiring, judge_for, new_number};
use crate::twilio::IncomingNumber;

/// What stands in a number's way may change while it is looked at; then it is tried again.
const TRIES_MAX: u32 = 4;

/// Takes a number in, or says why not.
pub(super) async fn take_in(
    page: &Page<'_>,
    item: Option<&KnownItem>,
    number: &IncomingNumber,
) -> Result<Vec<Finding>, Trouble> {
    let Some(item) = item else { return of_unknown_item(page, number).await };
    if item.running {
        return Ok(Vec::new());
    }
    if item.phone_number != number.phone_number {
        let reason = format!("it carries the tag of item {}, which was for another number: rename it", item.id);
        return Ok(not_ours(page, item, number, reason));
    }
    let tag = page.buyer.tag(item.id);
    // A fresh look, because what counts is Twilio's clock, and that the number is there now.
    let found = patiently(page.buyer, || page.buyer.twilio.find(&number.phone_number, Some(&tag))).await?;
    let Some(found) = found.filter(|found| found.body.sid == number.sid) else { return Ok(Vec::new()) };
    // What an operator took in may be as old as it likes.
    let sent_ago = if item.spends { item.sent_ago() } else { Duration::MAX };
    let Some(shall) = page.shall_of(&item.pool) else { return Ok(Vec::new()) };
    // What was bought is of its order's country; an operator takes in what they like.
    let country = if item.spends { None } else { number.phone_number.country() }.unwrap_or(item.country);
    let owner = judge_for(page.buyer, &item.pool, item.id, country, sent_ago, &shall.wanted.webhooks, &found);
    let untagged = matches!(owner, Owner::Untagged(_));
    match owner {
        Owner::Us(settlement) | Owner::Untagged(settlement) => {
            fail::fail_point!("orphan_judged");
            let how = if item.spends { "bought" } else { "taken in" };
            let entered = enter(page, &settlement, Some(item), Destination::Pool).await?;
            fail::fail_point!("orphan_settled");
            if untagged {
                tag_again(page, item, number).await;
            }
            let reason = format!("{how} by purchase {}, which never heard of it", item.purchase_id);
            Ok(told(page, number, (&item.pool, settlement.number.capable), entered, reason))
        }
        // It is theirs, whoever they are, and says nothing of us.
        Owner::Older if Tag::parse(&number.friendly_name).is_none() => {
            Ok(vec![Finding::foreign(number, "not callbunker's: no tag, and older than our purchase of it")])
        }
        Owner::Older => {
            let reason = format!(
                "it carries the tag of item {}, but the account had it before that was sent: another environment owns it; give each its own subaccount and instance.name",
                item.id
            );
            Ok(not_ours(page, item, number, reason))
        }
        Owner::Later(_) => {
            Ok(vec![Finding::foreign(number, "not callbunker's: no tag, and bought long after our purchase of it")])
        }
        Owner::Unclear => {
            let reason = format!(
                "it carries no tag, and our purchase {} of it has been in doubt for more than 7 days: adopt it if it is ours, else ignore it",
                item.purchase_id
            );
            Ok(vec![
                Finding::foreign(number, "it carries no tag; a purchase of ours for it is in doubt"),
                Finding::Conflict(Line::new(&number.phone_number, Some(&item.pool), reason, None)),
            ])
        }
        Owner::AnotherTag => Ok(Vec::new()),
    }
}

/// What fails is told, and done by the next comparison: it finds a number of ours without its tag.
async fn tag_again(page: &Page<'_>, item: &KnownItem, number: &IncomingNumber) {
    let tag = page.buyer.tag(item.id);
    if let Err(failure) = page.buyer.twilio.set_tag(&number.sid, &tag, None).await {
        slog::warn!(page.buyer.log, "a number that was taken in lacks its tag; the next comparison writes it";
            "phone_number_ends" => number.phone_number.last_four(), "cause" => failure.for_log(),
            "request_id" => failure.request_id());
    }
}

fn not_ours(page: &Page<'_>, item: &KnownItem, number: &IncomingNumber, reason: String) -> Vec<Finding> {
    slog::error!(page.buyer.log, "a number carries a tag of ours, but is not ours"; "reason" => &reason,
        "phone_number_ends" => number.phone_number.last_four(), "sid" => number.sid.as_str());
    vec![
        Finding::foreign(number, "it carries a tag of ours, but is not ours"),
        Finding::Conflict(Line::new(&number.phone_number, Some(&item.pool), reason, None)),
    ]
}

/// The ledger knows nothing of it, because an older backup was restored, say: its user may still be using it.
async fn of_unknown_item(page: &Page<'_>, number: &IncomingNumber) -> Result<Vec<Finding>, Trouble> {
    let config = page.buyer.config.load();
    let country = number.phone_number.country().unwrap_or(config.pool.country);
    let kind = Kind { country, number_type: number.type_or_guess() };
    // As if an operator took it in and named no pool.
    let pool = config.catalog().of_number(kind).cloned().unwrap_or_else(PoolName::default_pool);
    let Some(shall) = page.shall_of(&pool) else { return Ok(Vec::new()) };
    let wiring = Wiring::ComparedWith(&shall.wanted.webhooks);
    let wanted = shall.capabilities.as_deref().unwrap_or_default();
    // What Twilio does not date is as old as our knowledge of it.
    let new = new_number(number, (&pool, country), wiring, wanted, chrono::Utc::now());
    let settlement = Settlement { number: new, request_id: None };
    let entered = enter(page, &settlement, None, Destination::Hold(HoldReason::UnknownItem)).await?;
    fail::fail_point!("orphan_settled");
    let reason = "our tag, but the ledger does not know its item; it is held, because somebody may be using it: adopt or release it";
    Ok(told(page, number, (&pool, true), entered, reason.to_owned()))
}

enum Entered {
    /// It is in the database now.
    New,
    /// Somebody else was faster.
    Already,
    /// Another number of ours is in the way.
    Blocked { user_id: Option<String>, why: String },
}

fn told(
    page: &Page<'_>,
    number: &IncomingNumber,
    (pool, capable): (&PoolName, bool),
    entered: Entered,
    reason: String,
) -> Vec<Finding> {
    let (log, ends) = (&page.buyer.log, number.phone_number.last_four());
    match entered {
        Entered::Already => Vec::new(),
        Entered::New => {
            slog::warn!(log, "a number of ours that the database did not know was taken in"; "phone_number_ends" => ends,
                "sid" => number.sid.as_str(), "reason" => &reason);
            if !capable {
                slog::error!(log, "a number lacks a capability that its pool wants: it will not be assigned";
                    "phone_number_ends" => ends, "sid" => number.sid.as_str());
            }
            page.buyer.stock.notify_one();
            vec![Finding::Adopted(Line::new(&number.phone_number, Some(pool), reason, None))]
        }
        Entered::Blocked { user_id, why } => {
            slog::error!(log, "a number of ours cannot be taken in"; "phone_number_ends" => ends,
                "sid" => number.sid.as_str(), "why" => &why);
            vec![Finding::Conflict(Line::new(&number.phone_number, Some(pool), why, user_id.as_deref()))]
        }
    }
}

/// Puts the number into the database: through its item as long as that has a place for it, else without one.
async fn enter(
    page: &Page<'_>,
    settlement: &Settlement,
    item: Option<&KnownItem>,
    destination: Destination,
) -> Result<Entered, Trouble> {
    let db = &page.buyer.db;
    let mut by_item = item.map(|item| item.id);
    for _try in 0..TRIES_MAX {
        let (copy, to) = (settlement.clone(), destination.clone());
        let entered = match by_item {
            Some(id) => db.run_patiently("item_settle", move |conn| item_settle(conn, id, &copy)).await,
            None => {
                let take_in = move |conn: &mut Connection| number_take_in_found(conn, &copy.number, &to);
                db.run_patiently("number_take_in", take_in).await
            }
        };
        match entered {
            Ok(true) => return Ok(Entered::New),
            Ok(false) if by_item.is_none() => return Ok(Entered::Already),
            Err(DbError::Constraint(Constraint::SidIsForEver)) => return Ok(Entered::Already),
            // Its place was given on to another number: it is paid for all the same (I1).
            Err(DbError::Constraint(Constraint::ItemsFitTheirOrder)) => by_item = None,
            // The item has a number already, or another live number has this E.164.
            Ok(false) | Err(DbError::Constraint(Constraint::OneLivePerNumber)) => {
                let has_its_number = entered.is_ok();
                let (phone_number, item_id) = (settlement.number.phone_number.clone(), by_item);
                let holder = db
                    .run_patiently("number_holding", move |conn| number_holding(conn, &phone_number, item_id))
                    .await?;
                match holder {
                    Some(holder) if holder.sid == settlement.number.sid => return Ok(Entered::Already),
                    Some(holder) => {
                        if let Some(blocked) = make_way(page, &holder).await? {
                            return Ok(blocked);
                        }
                    }
                    None => {}
                }
                if has_its_number {
                    by_item = None;
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Entered::Blocked { user_id: None, why: "the database changes too fast to take it in: compare again".to_owned() })
}

/// Moves a number out of the way that is idle and that Twilio does not have any more; `None` = the way is free.
async fn make_way(page: &Page<'_>, holder: &OwnedNumber) -> Result<Option<Entered>, Trouble> {
    let sid = holder.sid.as_str();
    let blocked = |why: String| Ok(Some(Entered::Blocked { user_id: holder.user_id.clone(), why }));
    match holder.status() {
        NumberStatus::Released => return Ok(None),
        NumberStatus::Assigned => {
            return blocked(format!("its user has it under another SID ({sid}): release the user, then compare again"));
        }
        NumberStatus::Available | NumberStatus::Quarantined | NumberStatus::Missing => {}
    }
    if patiently(page.buyer, || page.buyer.twilio.fetch(&holder.sid)).await?.is_some() {
        return blocked(format!("another number of the account ({sid}) has its place: rename or release one of them"));
    }
    let id = holder.id;
    if page.buyer.db.run_patiently("number_let_go", move |conn| number_let_go(conn, id, Gone::Replaced)).await? {
        slog::warn!(page.buyer.log, "a number is gone at Twilio and back under another SID"; "gone_sid" => sid);
        return Ok(None);
    }
    blocked(format!(
        "the number under another SID ({sid}) was given to somebody, or is being adopted or released: compare again"
    ))
}
