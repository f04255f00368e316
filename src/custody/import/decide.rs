//! What is to be done with each row, by what Twilio and the database say of its number and its user.
//!
//! How to get it wrong: importing a number that carries another environment's tag. Its users are served over there.

use std::collections::{HashMap, HashSet};

use super::super::error::CustodyError;
use super::super::keeper::{Custody, TagOn};
use super::look_up::{Found, Seen};
use super::report::{Became, ImportProblem, ImportReport, Tally};
use super::rows::Row;
use crate::db::assignments::{Assignment, assignments_held};
use crate::db::numbers::{OwnedNumber, numbers_owned};
use crate::db::pools::PoolsWebhooks;
use crate::db::purchases::items::numbers_being_bought;
use crate::domain::{NumberStatus, PoolName, QuarantineReason, UserId};
use crate::twilio::IncomingNumber;

/// What is to be done with one row.
#[derive(Debug)]
pub(super) enum Todo {
    /// Its number becomes ours, in the pool or with its user.
    TakeIn,
    /// Its number is ours and idle: its user gets it.
    Assign(OwnedNumber),
    /// Nothing.
    Nothing(OwnedNumber),
}

/// A row with what is known of it.
#[derive(Debug)]
pub(super) struct Decided {
    pub(super) row: Row,
    pub(super) found: IncomingNumber,
    /// The pool that it goes into, or is in.
    pub(super) pool: PoolName,
    /// Whether Twilio shows that pool's webhooks.
    pub(super) configured: bool,
    pub(super) todo: Todo,
}

/// All rows that something can be done with.
#[derive(Debug)]
pub(super) struct Decisions(pub(super) Vec<Decided>);

impl Decisions {
    /// What carrying it out would report.
    pub(super) fn forecast(&self, configure_webhooks: bool) -> ImportReport {
        let mut tally = Tally::default();
        let drifted = self.0.iter().filter(|decided| !configure_webhooks && decided.leads_elsewhere()).count();
        for decided in &self.0 {
            let became = match decided.todo {
                Todo::TakeIn => Became::Imported { assigned: decided.row.user.is_some() },
                Todo::Assign(_) => Became::Assigned,
                Todo::Nothing(_) => Became::Already,
            };
            tally.add(&decided.pool, became);
        }
        ImportReport { drifted: u32::try_from(drifted).unwrap_or(u32::MAX), ..tally.report() }
    }
}

impl Decided {
    /// Whether it is a user's number, or becomes one, whose webhooks are not ours.
    pub(super) fn leads_elsewhere(&self) -> bool {
        let is_somebodys = match &self.todo {
            Todo::TakeIn | Todo::Assign(_) => false,
            Todo::Nothing(owned) => owned.status() == NumberStatus::Assigned,
        };
        !self.configured && (is_somebodys || self.row.user.is_some())
    }
}

/// What the database knows of the numbers and users of a call.
struct Known {
    owned: HashMap<String, OwnedNumber>,
    of_users: HashMap<UserId, Assignment>,
    being_bought: HashSet<String>,
}

impl Custody {
    pub(super) async fn decide(
        &self,
        rows: Vec<Row>,
        mut found: Found,
        wanted: &PoolsWebhooks,
        problems: &mut Vec<ImportProblem>,
    ) -> Result<Decisions, CustodyError> {
        let known = self.known(&rows).await?;
        let mut decisions = Vec::with_capacity(rows.len());
        for row in rows {
            match self.decide_one(&row, found.remove(&row.number), &known) {
                Ok((found, todo)) => match self.pool_of(&row, &found, &todo) {
                    Ok(pool) => {
                        let configured = wanted.get(&pool).is_some_and(|webhooks| found.carries(webhooks));
                        decisions.push(Decided { pool, configured, row, found, todo });
                    }
                    Err(problem) => problems.push(problem),
                },
                Err(problem) => problems.push(problem),
            }
        }
        Ok(Decisions(decisions))
    }

    /// The pool that a row's number goes into, or is in: an import moves nothing from one to another.
    fn pool_of(&self, row: &Row, found: &IncomingNumber, todo: &Todo) -> Result<PoolName, ImportProblem> {
        let (Todo::Assign(owned) | Todo::Nothing(owned)) = todo else {
            return self
                .pool_for(found, row.pool.as_ref())
                .map_err(|error| row.problem("unfit_for_pool", error.to_string()));
        };
        match &row.pool {
            Some(named) if *named != owned.pool => {
                let why = CustodyError::InAnotherPool(owned.pool.clone()).to_string();
                Err(row.problem("in_another_pool", why).of_pool(Some(&owned.pool)))
            }
            Some(_) | None => Ok(owned.pool.clone()),
        }
    }

    async fn known(&self, rows: &[Row]) -> Result<Known, CustodyError> {
        let numbers: Vec<String> = rows.iter().map(|row| row.number.to_string()).collect();
        let users: Vec<String> = rows.iter().filter_map(|row| row.user_id().map(ToString::to_string)).collect();
        let (owned, being_bought, of_users) = self
            .db
            .run("import_known", move |conn| {
                let owned = numbers_owned(conn, &numbers)?;
                let users: Vec<&str> = users.iter().map(String::as_str).collect();
                Ok((owned, numbers_being_bought(conn, &numbers)?, assignments_held(conn, &users)?))
            })
            .await?;
        let owned: HashMap<String, OwnedNumber> =
            owned.into_iter().map(|owned| (owned.phone_number.to_string(), owned)).collect();
        Ok(Known {
            being_bought: being_bought.into_iter().collect(),
            owned,
            of_users: of_users.into_iter().map(|assignment| (assignment.user_id.clone(), assignment)).collect(),
        })
    }

    fn decide_one(
        &self,
        row: &Row,
        found: Option<Seen>,
        known: &Known,
    ) -> Result<(IncomingNumber, Todo), ImportProblem> {
        let found = match found {
            Some(Seen::Number(found)) => *found,
            Some(Seen::Unreadable) => {
                return Err(row.problem(
                    "unreadable",
                    "Twilio shows a number that may be this one, but it cannot be read; look at it in Twilio's console, then \
                     import the row again",
                ));
            }
            None => {
                let why = "This number is not in the Twilio account, perhaps in a subaccount: check the number, or import it \
                           with that account's daemon.";
                return Err(row.problem("not_in_account", why));
            }
        };
        if let TagOn::Another(instance) = self.tag_on(&found) {
            return Err(row.problem("other_instance", CustodyError::AnotherEnvironments(instance).to_string()));
        }
        let users = row.user_id().and_then(|user_id| known.of_users.get(user_id));
        if users.is_some_and(|assignment| assignment.phone_number != row.number) {
            return Err(row.problem("user_has_another_number", CustodyError::UserHasAnother.to_string()));
        }
        let Some(owned) = known.owned.get(row.number.as_str()) else {
            if known.being_bought.contains(row.number.as_str()) {
                return Err(row.problem("being_bought", CustodyError::BeingBought.to_string()));
            }
            return Ok((found, Todo::TakeIn));
        };
        if owned.sid != found.sid {
            return Err(row.problem("another_sid", CustodyError::AnotherSid.to_string()));
        }
        match (owned.status(), owned.quarantine_reason, row.user_id()) {
            (NumberStatus::Assigned, _, user_id) if user_id.is_none_or(|user_id| owned.is_of(user_id)) => {
                Ok((found, Todo::Nothing(owned.clone())))
            }
            (NumberStatus::Assigned, ..) => {
                Err(row.problem("number_has_another_user", CustodyError::AnotherUsers.to_string()))
            }
            (_, Some(QuarantineReason::Leaving), _) => Err(row.problem("leaving", CustodyError::Leaving.to_string())),
            (.., Some(_)) => Ok((found, Todo::Assign(owned.clone()))),
            (_, Some(reason), None) if reason != QuarantineReason::Released => {
                let message = format!("the number is held in quarantine ({}); adopt it to free it", reason.as_str());
                Err(row.problem("held", message))
            }
            (.., None) => Ok((found, Todo::Nothing(owned.clone()))),
        }
    }
}
