//! Users' numbers that lack something of what their pool wants: told at the end of every comparison, and attached where that is allowed.
//!
//! Invariant: a user's number joins no messaging service that takes its inbound SMS away, unless `reconcile.repair_assigned` says so.
//! How to get it wrong: telling of what is on its way. The attacher needs a moment.

use super::report::{Finding, Line, Report};
use super::trouble::Trouble;
use crate::db::Connection;
use crate::db::attachments::{LackingNumber, Whose, attachments_intend, users_lacking};
use crate::domain::{AttachmentKind, AttachmentStatus};
use crate::purchaser::Buyer;

/// Numbers read from the database at a time.
const PAGE: i64 = 1000;

/// Tells whose numbers lack something, and what; with `reconcile.repair_assigned` they are meant to be attached from here on.
pub(super) async fn tell(buyer: &Buyer, report: &mut Report) -> Result<(), Trouble> {
    let repair_assigned = buyer.config.load().reconcile.repair_assigned;
    let (mut after, mut told) = (0, 0_u32);
    loop {
        let page = buyer.db.run_patiently("users_lacking", move |conn| users_lacking(conn, after, PAGE)).await?;
        let Some(last) = page.last() else { break };
        after = last.number_id;
        for number in page {
            if number.status == AttachmentStatus::Pending && repair_assigned && number.closed.is_none() {
                intend(buyer, &number, report).await?;
            } else if let Some(reason) = reason(&number) {
                told += 1;
                let target = number.elsewhere.or(number.refused_by).unwrap_or(number.target);
                let line = Line::new(&number.phone_number, Some(&number.pool), reason, Some(&number.user_id));
                report.add(Finding::AttachmentDrift(Line { target: Some(target), ..line }));
            }
        }
    }
    if told > 0 {
        slog::warn!(buyer.log, "users' numbers lack something of what their pools want; the report says what to do"; "numbers" => told);
    }
    Ok(())
}

async fn intend(buyer: &Buyer, number: &LackingNumber, report: &mut Report) -> Result<(), Trouble> {
    let id = number.number_id;
    let intend = move |conn: &mut Connection| attachments_intend(conn, id, Whose::Anybodys);
    let intended = buyer.db.run_patiently("attachments_intend", intend).await?;
    if !intended.targets.is_empty() {
        buyer.unattached.notify_one();
        let targets: Vec<&str> = intended.targets.iter().map(crate::domain::Target::sid).collect();
        let reason = format!("it joins {}, which its pool wants", targets.join(" and "));
        report.add(Finding::Repaired(Line::new(
            &number.phone_number,
            Some(&number.pool),
            reason,
            Some(&number.user_id),
        )));
    }
    Ok(())
}

/// Why it lacks what it lacks, and what to do; `None` = it comes by itself.
fn reason(number: &LackingNumber) -> Option<String> {
    let LackingNumber { target, elsewhere, refused_by, refusal, keeps_sms, closed, pool, .. } = number;
    if let Some(elsewhere) = elsewhere {
        return Some(format!(
            "it is in {elsewhere}, which {} does not name: name it there, move the number to a pool that has it, or release it",
            pool.key("messaging_services")
        ));
    }
    if let (AttachmentStatus::Failed, Some(refused_by)) = (number.status, refused_by) {
        let why = refusal.as_deref().unwrap_or("without a word");
        return Some(format!("{refused_by} does not take it: {why}"));
    }
    match (number.kind, closed, keeps_sms) {
        (_, Some(why), _) => Some(format!("{target} takes no numbers: {why}")),
        (AttachmentKind::MessagingService, None, false) => Some(format!(
            "it is somebody's and {target} takes its inbound SMS (use_inbound_webhook_on_number is off): switch that on at the service, or set \
             reconcile.repair_assigned"
        )),
        (AttachmentKind::MessagingService, None, true)
        | (AttachmentKind::CustomerProfile | AttachmentKind::TrustProduct, None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacking() -> LackingNumber {
        LackingNumber {
            number_id: 1,
            phone_number: "+14155550100".parse().unwrap(),
            pool: "gb".parse().unwrap(),
            user_id: "u-1".to_owned(),
            status: AttachmentStatus::Pending,
            kind: AttachmentKind::MessagingService,
            target: "MG1".to_owned(),
            elsewhere: None,
            refused_by: None,
            refusal: None,
            keeps_sms: false,
            closed: None,
        }
    }

    #[test]
    fn each_lack_says_what_to_do_and_what_comes_by_itself_is_not_told() {
        let said = |number: LackingNumber| reason(&number).unwrap_or_default();
        let (one, two) = (Some("MG1".to_owned()), Some("MG2".to_owned()));
        assert!(said(lacking()).contains("MG1 takes its inbound SMS (use_inbound_webhook_on_number is off)"));
        assert_eq!(said(LackingNumber { keeps_sms: true, ..lacking() }), "");
        assert_eq!(said(LackingNumber { kind: AttachmentKind::CustomerProfile, ..lacking() }), "");
        let full = LackingNumber { closed: Some("it is full".to_owned()), keeps_sms: true, ..lacking() };
        assert_eq!(said(full), "MG1 takes no numbers: it is full");
        let elsewhere = LackingNumber { elsewhere: two, status: AttachmentStatus::Failed, ..lacking() };
        assert!(said(elsewhere).starts_with("it is in MG2, which pools.gb.messaging_services does not name"));
        let refusal = Some("no SMS".to_owned());
        let refused = LackingNumber { refused_by: one, refusal, status: AttachmentStatus::Failed, ..lacking() };
        assert_eq!(said(refused), "MG1 does not take it: no SMS");
    }
}
