//! What Twilio has, before it is told again or where its answer says too little.
//!
//! Invariant: a look that fails is no look: nothing is settled on it.
//! How to get it wrong: a 404 of one member taken for "there is no such service". The service is asked for by itself.

use super::attacher::Attacher;
use crate::db::DbError;
use crate::db::pool_wants::wants_stored;
use crate::domain::{AssignmentSid, AttachmentKind, MessagingServiceSid, NumberSid, PoolName, Target, TrustSid};
use crate::twilio::{TrustKind, TwilioError};

/// A target as Twilio's calls have it.
#[derive(Debug, Clone)]
pub(super) enum At {
    /// A messaging service.
    Service(MessagingServiceSid),
    /// A customer profile or a trust product.
    Trust(TrustKind, TrustSid),
}

impl At {
    pub(super) fn of(kind: AttachmentKind, sid: &str) -> Result<Self, DbError> {
        let broken =
            |why: crate::domain::InvalidPaperSid| DbError::Corrupt { what: "attachment", why: why.to_string() };
        Ok(match kind {
            AttachmentKind::MessagingService => Self::Service(sid.parse().map_err(broken)?),
            AttachmentKind::CustomerProfile => Self::Trust(TrustKind::CustomerProfile, sid.parse().map_err(broken)?),
            AttachmentKind::TrustProduct => Self::Trust(TrustKind::TrustProduct, sid.parse().map_err(broken)?),
        })
    }
}

/// What a look shows.
#[derive(Debug)]
pub(super) enum Look {
    /// The number is there; of a profile or a product with Twilio's name for it.
    There(Option<AssignmentSid>),
    /// It is not.
    NotThere,
    /// There is no such target.
    NoTarget(TwilioError),
    /// Nobody knows.
    Failed(TwilioError),
}

impl Attacher {
    /// Whether a number is in a target.
    pub(super) async fn look_up(&self, at: &At, number: &NumberSid) -> Look {
        match at {
            At::Service(service) => match self.twilio.member(service, number).await {
                Ok(Some(_)) => Look::There(None),
                Ok(None) => Look::NotThere,
                Err(failure) => Look::Failed(failure),
            },
            At::Trust(kind, bundle) => match self.twilio.assignment(*kind, bundle, number).await {
                Ok(Some(assignment)) => Look::There(Some(assignment.sid)),
                Ok(None) => Look::NotThere,
                Err(failure) if failure.says_not_there() => Look::NoTarget(failure),
                Err(failure) => Look::Failed(failure),
            },
        }
    }

    /// The messaging service, other than `but`, that the pool wants, too, and the number is in.
    pub(super) async fn look_elsewhere(
        &self,
        pool: &PoolName,
        but: &MessagingServiceSid,
        number: &NumberSid,
    ) -> Result<Result<Option<Target>, TwilioError>, DbError> {
        let stored = self.db.run("wants_stored", wants_stored).await?;
        let services = stored.get(pool).map(|stored| stored.wants.services.clone()).unwrap_or_default();
        for service in services.iter().filter(|service| *service != but) {
            match self.twilio.member(service, number).await {
                Ok(Some(_)) => return Ok(Ok(Some(Target::service(service)))),
                Ok(None) => {}
                Err(failure) => return Ok(Err(failure)),
            }
        }
        Ok(Ok(None))
    }
}
