//! Carrying an import out: a transaction for each number, and Twilio afterwards.
//!
//! How to get it wrong: telling Twilio first. A crash between would leave tags that the ledger does not know.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::super::error::CustodyError;
use super::super::keeper::Custody;
use super::decide::{Decided, Decisions, Todo};
use super::report::{Became, ImportProblem, ImportReport, ImportRequest, Tally};
use super::tell::Telling;
use crate::db::attachments::{Whose, attachments_intend};
use crate::db::numbers::{Destination, Intake, Placed, number_import_to, number_item, number_owned, number_take_in};
use crate::db::pools::{PoolWanted, PoolsWebhooks};
use crate::db::purchases::items::IntakeOrder;
use crate::db::{Connection, Constraint, DbError};
use crate::domain::{NumberStatus, PoolName, Trigger, WebhookStatus};

/// What one row came to.
enum Written {
    /// Ours, under this id and this item; whether it was taken in, and whether somebody got it.
    Done { id: i64, item_id: Uuid, imported: bool, assigned: bool },
    /// Nothing was to be done.
    Already { id: i64, item_id: Option<Uuid> },
    /// Somebody was faster.
    Changed(&'static str, String),
}

impl Custody {
    pub(super) async fn carry_out(
        &self,
        decisions: Decisions,
        of_pools: &PoolsWebhooks,
        request: &ImportRequest,
        problems: &mut Vec<ImportProblem>,
    ) -> Result<ImportReport, CustodyError> {
        fail::fail_point!("import_decided");
        let wanted = decisions.0.len();
        // An order is of one pool.
        let (mut orders, mut counts) = (BTreeMap::new(), BTreeMap::<PoolName, u32>::new());
        for decided in decisions.0.iter().filter(|decided| !matches!(decided.todo, Todo::Nothing(_))) {
            *counts.entry(decided.pool.clone()).or_default() += 1;
        }
        let mut tally = Tally::default();
        let mut telling = Vec::new();
        // Rows of users' numbers that lead elsewhere now.
        let mut elsewhere = BTreeSet::new();
        for (done, decided) in decisions.0.into_iter().enumerate() {
            let (pool, at) = (decided.pool.clone(), decided.row.at);
            let leads_elsewhere = decided.leads_elsewhere();
            let webhooks = of_pools.get(&pool).cloned();
            let rewired = webhooks.map(|webhooks| PoolWanted { pool: pool.clone(), webhooks });
            let count = counts.get(&pool).copied().unwrap_or_default();
            let order = orders.entry(pool.clone());
            let order =
                order.or_insert_with_key(|pool| self.order(Trigger::Import, count, pool, &request.requested_by));
            let written = self.write(&decided, order).await;
            let written = written.map_err(|error| CustodyError::BrokeOff { done, wanted, error })?;
            fail::fail_point!("import_written");
            if request.configure_webhooks {
                let attached = self.attach(&written).await;
                attached.map_err(|error| CustodyError::BrokeOff { done, wanted, error })?;
            }
            if leads_elsewhere && !matches!(written, Written::Changed(..)) {
                elsewhere.insert(at);
            }
            match written {
                Written::Done { id, item_id, imported, assigned } => {
                    tally.add(&pool, if imported { Became::Imported { assigned } } else { Became::Assigned });
                    let rewire = rewired.filter(|_| decided.row.user.is_none() || request.configure_webhooks);
                    telling.push(Telling { id, item_id, rewire, row: decided.row, found: decided.found });
                }
                Written::Already { id, item_id } => {
                    tally.add(&pool, Became::Already);
                    // What an earlier call could not finish; nothing is told to Twilio that stands there already.
                    if let Some(item_id) = item_id {
                        let rewire = rewired.filter(|_| request.configure_webhooks);
                        telling.push(Telling { id, item_id, rewire, row: decided.row, found: decided.found });
                    }
                }
                Written::Changed(code, message) => problems.push(decided.row.problem(code, message)),
            }
        }
        let untold = self.tell(telling).await;
        if request.configure_webhooks {
            let untold: BTreeSet<usize> = untold.iter().map(|problem| problem.row).collect();
            elsewhere.retain(|at| untold.contains(at));
        }
        problems.extend(untold);
        Ok(ImportReport { drifted: u32::try_from(elsewhere.len()).unwrap_or(u32::MAX), ..tally.report() })
    }

    /// The call says that users' numbers may be rewired: they join what their pool wants, too.
    async fn attach(&self, written: &Written) -> Result<(), DbError> {
        let (Written::Done { id, .. } | Written::Already { id, .. }) = *written else { return Ok(()) };
        let intend = move |conn: &mut Connection| attachments_intend(conn, id, Whose::Anybodys);
        self.db.run_patiently("attachments_intend", intend).await?;
        self.db.changes().unattached.notify_one();
        Ok(())
    }

    async fn write(&self, decided: &Decided, order: &IntakeOrder) -> Result<Written, DbError> {
        match &decided.todo {
            Todo::TakeIn => self.write_newcomer(decided, order).await,
            Todo::Assign(owned) => {
                let Some((user_id, since)) = decided.row.user.clone() else {
                    return Ok(Written::Already { id: owned.id, item_id: owned.purchase_item_id });
                };
                let (id, order) = (owned.id, order.clone());
                let placed = self
                    .db
                    .run_patiently("number_import_to", move |conn| {
                        let placed = number_import_to(conn, id, &user_id, since)?;
                        Ok((placed, number_item(conn, id, &order)?))
                    })
                    .await;
                match placed {
                    Ok((Placed::Done, item_id)) => Ok(Written::Done { id, item_id, imported: false, assigned: true }),
                    Ok((Placed::Already, item_id)) => Ok(Written::Already { id, item_id: Some(item_id) }),
                    Ok((Placed::Assigned, _)) => Ok(changed("number_has_another_user", CustodyError::AnotherUsers)),
                    Ok((Placed::Leaving | Placed::NotReady, _)) => Ok(changed("leaving", CustodyError::Leaving)),
                    Err(error) => self.unless_changed(decided, error).await,
                }
            }
            Todo::Nothing(owned) => Ok(Written::Already { id: owned.id, item_id: owned.purchase_item_id }),
        }
    }

    async fn write_newcomer(&self, decided: &Decided, order: &IntakeOrder) -> Result<Written, DbError> {
        let (destination, webhook_status) = match &decided.row.user {
            Some((user_id, since)) => {
                let status = if decided.configured { WebhookStatus::Configured } else { WebhookStatus::Drifted };
                (Destination::User(user_id.clone(), *since), status)
            }
            // Stock is configured when Twilio was told and its pool still wants the same.
            None => (Destination::Pool, WebhookStatus::Pending),
        };
        let (new, order) = (self.new_number(&decided.found, webhook_status, &decided.pool), order.clone());
        let (tagged_item, assigned) = (self.tagged_item(&decided.found), decided.row.user.is_some());
        let take_in = move |conn: &mut Connection| number_take_in(conn, &order, &new, tagged_item, &destination);
        match self.db.run_patiently("number_take_in", take_in).await {
            Ok(Intake::Taken(id, item_id)) => Ok(Written::Done { id, item_id, imported: true, assigned }),
            Ok(Intake::BeingBought) => Ok(changed("being_bought", CustodyError::BeingBought)),
            Err(error) => self.unless_changed(decided, error).await,
        }
    }

    async fn unless_changed(&self, decided: &Decided, error: DbError) -> Result<Written, DbError> {
        match error {
            DbError::Constraint(Constraint::OneLivePerUser) => {
                Ok(changed("user_has_another_number", CustodyError::UserHasAnother))
            }
            DbError::Constraint(Constraint::SidIsForEver) if !self.is_ours_now(decided).await? => {
                Ok(changed("left", CustodyError::Left))
            }
            DbError::Constraint(_) => Ok(Written::Changed(
                "changed_meanwhile",
                "somebody else changed this number during the import; send it again".to_owned(),
            )),
            DbError::Unavailable(_)
            | DbError::Frozen
            | DbError::NoRoom(_)
            | DbError::NoStandby
            | DbError::Unfit(_)
            | DbError::Collided(_)
            | DbError::Corrupt { .. }
            | DbError::Statement { .. }
            | DbError::Panicked(_) => Err(error),
        }
    }

    /// Whether its SID stands on a number of ours that is live: another call was faster.
    async fn is_ours_now(&self, decided: &Decided) -> Result<bool, DbError> {
        let number = decided.row.number.clone();
        let owned = self.db.run_patiently("number_owned", move |conn| number_owned(conn, &number)).await?;
        Ok(owned.is_some_and(|owned| owned.status() != NumberStatus::Released && owned.sid == decided.found.sid))
    }
}

fn changed(code: &'static str, why: CustodyError) -> Written {
    Written::Changed(code, why.to_string())
}
